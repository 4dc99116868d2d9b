"""The versions, and how each is trained."""

from importlib import import_module

from bentos.diabetes.people import People
from bentos.diabetes.trained import Trained

VERSIONS = ("first", "better", "skewed", "clipped", "renamed", "undefined", "unsteady")


def train(version: str, people: People) -> Trained:
    """Fit the model of `version`; the same people always give the same model."""
    trained = import_module(f"bentos.diabetes.{version}.train").train(people)
    assert isinstance(trained, Trained)
    return trained
