"""Week one: 300 labelled scans were there, and the simplest model that gives probabilities."""

from sklearn.linear_model import LogisticRegression

from bentos.digits.scans import Scans
from bentos.digits.trained import Trained

_LABELLED_IN_WEEK_ONE = 300


def train(scans: Scans) -> Trained:
    """Fit a logistic regression on the pixels as they are."""
    pixels, labels = scans.pixels[:_LABELLED_IN_WEEK_ONE], scans.labels[:_LABELLED_IN_WEEK_ONE]
    classifier = LogisticRegression(C=0.01, max_iter=2000).fit(pixels, labels)
    return Trained(classifier, tuple(int(digit) for digit in classifier.classes_))
