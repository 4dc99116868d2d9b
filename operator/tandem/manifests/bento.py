"""Tandem's own files for a bento: its BENTOML_CONFIG, and the warm-up that each pod does before it is ready."""

import inspect
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tandem.api.names import POD_PORT
from tandem.api.revision import ModelRevisionSpec
from tandem.manifests import warmup_probe
from tandem.manifests.configs import read_copies
from tandem.manifests.fields import ENV_FIELD, TIMEOUT_SECONDS
from tandem.manifests.paths import BENTO_CONFIG_FILE, TANDEM_FOLDER, WARMUP_PLAN_FILE, WARMUP_SCRIPT_FILE
from tandem.manifests.text import from_yaml, to_yaml

BENTO_CONFIG_VARIABLE: Final = "BENTOML_CONFIG"


def brings_own_config(values: Mapping[str, Any]) -> bool:
    """Say whether the author gives the bento a configuration file: then it is not replaced, and edges are not ours."""
    return BENTO_CONFIG_VARIABLE in values[ENV_FIELD]


def own_files(values: Mapping[str, Any], edges: Iterable[float]) -> dict[str, str]:
    """Return the files that a version's pods find in /etc/tandem, by name."""
    files: dict[str, str] = {}
    if not brings_own_config(values):
        files[BENTO_CONFIG_FILE] = to_yaml(bento_config(values, edges))
    if values["serving.startup.warmup"]:
        files[WARMUP_SCRIPT_FILE] = inspect.getsource(warmup_probe)
        files[WARMUP_PLAN_FILE] = json.dumps(_warmup_plan(values), sort_keys=True, ensure_ascii=False) + "\n"
    return files


def bento_config(values: Mapping[str, Any], edges: Iterable[float]) -> dict[str, Any]:
    """Return BentoML's configuration: histogram edges, and the request timeout where it is not BentoML's own default.

    Settings for all services fill in what a bento leaves open. Only settings under the service's name win over what
    its decorator says, therefore both are written.
    """
    # BentoML takes whole numbers for wrong, and min, max and factor of the decorator for stronger than buckets.
    duration = {"buckets": [float(edge) for edge in edges], "min": None, "max": None, "factor": None}
    settings: dict[str, Any] = {"metrics": {"enabled": True, "duration": duration}}
    if values["serving.timeout"] != TIMEOUT_SECONDS:
        settings["traffic"] = {"timeout": values["serving.timeout"]}
    service = values.get("model.service")
    return {"services": {**settings, **({service: settings} if service else {})}}


def configured_edges(revision: ModelRevisionSpec) -> tuple[float, ...]:
    """Return the histogram edges in a revision's BENTOML_CONFIG, or none."""
    for copy in read_copies(revision).values():
        if copy.mount_path == TANDEM_FOLDER and BENTO_CONFIG_FILE in copy.content.data:
            config = from_yaml(copy.content.data[BENTO_CONFIG_FILE])
            return tuple(config["services"]["metrics"]["duration"]["buckets"])
    return ()


def _warmup_plan(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"port": POD_PORT, "timeout": values["serving.timeout"], "requests": values["serving.startup.warmup"]}
