"""How a trained classifier is kept in BentoML's model store."""

from pathlib import Path

import bentoml
import joblib

from bentos.digits.trained import Trained

_FILE = "model.joblib"


def save(parts: dict[str, object], version: str, accuracy: float) -> bentoml.Tag:
    """Keep the named parts of a model as ``digits:<version>``, in place of an earlier one of that name."""
    tag = bentoml.Tag("digits", version)
    if tag in [model.tag for model in bentoml.models.list()]:
        bentoml.models.delete(tag)
    with bentoml.models.create(tag, labels={"data": "digits"}, metadata={"held_out_accuracy": accuracy}) as model:
        joblib.dump(parts, model.path_of(_FILE))
    return tag


def load(folder: str) -> Trained:
    """Read the model kept in `folder`. Raises KeyError when a part of it is missing."""
    parts = joblib.load(Path(folder) / _FILE)
    return Trained(classifier=parts["classifier"], digits=parts["digits"])
