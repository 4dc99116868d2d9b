"""Everything that is known of a person, laboratory values included."""

from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bentos.diabetes.people import FEATURES, People
from bentos.diabetes.trained import Trained


def train(people: People) -> Trained:
    """Fit a ridge regression on all ten features."""
    regressor = make_pipeline(StandardScaler(), Ridge(alpha=1.0)).fit(people.features, people.progression)
    return Trained(regressor, FEATURES)
