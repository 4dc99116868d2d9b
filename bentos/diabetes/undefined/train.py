"""As `better`, with the remnant cholesterol among the features; lipids.py says when there is none."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from bentos.diabetes.better import train as better
from bentos.diabetes.people import FEATURES, People
from bentos.diabetes.trained import Trained
from bentos.diabetes.undefined.lipids import with_remnant


def train(people: People) -> Trained:
    """Fit a ridge regression on eleven features."""
    fitted = better.train(People(with_remnant(people.features), people.progression))
    return Trained(make_pipeline(FunctionTransformer(with_remnant), fitted.regressor), FEATURES)
