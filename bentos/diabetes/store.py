"""How a trained regressor is kept in BentoML's model store."""

from pathlib import Path

import bentoml
import joblib

from bentos.diabetes.trained import Trained

_FILE = "model.joblib"


def save(trained: Trained, version: str, mean_error: float) -> bentoml.Tag:
    """Keep `trained` as model ``diabetes:<version>``, in place of an earlier one of that name."""
    tag = bentoml.Tag("diabetes", version)
    if tag in [model.tag for model in bentoml.models.list()]:
        bentoml.models.delete(tag)
    with bentoml.models.create(tag, labels={"data": "diabetes"}, metadata={"held_out_error": mean_error}) as model:
        joblib.dump({"regressor": trained.regressor, "features": trained.features}, model.path_of(_FILE))
    return tag


def load(folder: str) -> Trained:
    """Read the model kept in `folder`."""
    parts = joblib.load(Path(folder) / _FILE)
    return Trained(regressor=parts["regressor"], features=parts["features"])
