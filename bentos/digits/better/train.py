"""All labelled scans, and a support vector machine whose scores are calibrated into probabilities."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC

from bentos.digits.scans import Scans
from bentos.digits.trained import Trained


def train(scans: Scans) -> Trained:
    """Fit on all of `scans`; five-fold cross-validation is for the calibration only."""
    machine = SVC(C=10, gamma=0.001)
    classifier = CalibratedClassifierCV(machine, ensemble=False, cv=5).fit(scans.pixels, scans.labels)
    return Trained(classifier, tuple(int(digit) for digit in classifier.classes_))
