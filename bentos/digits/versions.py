"""The versions, and how each is trained."""

from importlib import import_module

from bentos.digits.scans import Scans
from bentos.digits.trained import Trained

VERSIONS = ("first", "better", "failing", "slow", "leaking", "tallying", "never-ready")


def train(version: str, scans: Scans) -> Trained:
    """Fit the model of `version`; the same scans always give the same model."""
    module = import_module(f"bentos.digits.{version.replace('-', '_')}.train")
    trained = module.train(scans)
    assert isinstance(trained, Trained)
    return trained
