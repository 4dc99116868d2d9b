"""What can be had without a laboratory, and a straight line through it."""

from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bentos.diabetes.people import FEATURES, People
from bentos.diabetes.trained import Trained

_KNOWN = ("age", "sex", "bmi")


def train(people: People) -> Trained:
    """Fit a ridge regression on three features."""
    columns = [FEATURES.index(name) for name in _KNOWN]
    regressor = make_pipeline(StandardScaler(), Ridge(alpha=1.0)).fit(people.features[:, columns], people.progression)
    return Trained(regressor, _KNOWN)
