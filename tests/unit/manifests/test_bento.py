"""Tandem's configuration as BentoML itself reads it, and the time that takes is why there are few of these."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tandem.manifests.bento import bento_config
from tandem.manifests.text import to_yaml

SERVICE = """
import json, bentoml
from bentoml._internal.configuration.containers import BentoMLContainer

@bentoml.service({settings})
class Fraud:
    @bentoml.api
    def predict(self, n: int) -> int:
        return n

Fraud.inject_config()
traffic = BentoMLContainer.api_server_config.traffic.get()
print(json.dumps({{"buckets": BentoMLContainer.duration_buckets.get()[:-1], "timeout": traffic["timeout"]}}))
"""
EDGES = (0.005, 0.15, 10.0, 60.0)
OWN_METRICS = 'metrics={"duration": {"min": 0.1, "max": 1.0, "factor": 2.0}}'


@pytest.mark.parametrize(
    ("values", "settings", "understood"),
    [
        pytest.param(
            {"serving.timeout": 60}, "", {"buckets": [*EDGES], "timeout": 60.0}, id="a bento that leaves all open"
        ),
        pytest.param(
            {"serving.timeout": 90.5}, "", {"buckets": [*EDGES], "timeout": 90.5}, id="its service need not be named"
        ),
        pytest.param(
            {"serving.timeout": 90, "model.service": "Fraud"},
            f'traffic={{"timeout": 7}}, {OWN_METRICS}',
            {"buckets": [*EDGES], "timeout": 90},
            id="named, Tandem's settings win over the decorator's",
        ),
        pytest.param(
            {"serving.timeout": 60, "model.service": "Fraud"},
            'traffic={"timeout": 300}',
            {"buckets": [*EDGES], "timeout": 300},
            id="nobody declared a timeout: the bento keeps its own",
        ),
    ],
)
def test_bentoml_reads_the_file_as_meant(
    values: dict[str, Any], settings: str, understood: dict[str, Any], tmp_path: Path
) -> None:
    config = tmp_path / "bentoml.yaml"
    config.write_text(to_yaml(bento_config(values, EDGES)))
    environment = {
        "PATH": os.environ["PATH"],
        "BENTOML_HOME": str(tmp_path / "home"),
        "BENTOML_CONFIG": str(config),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    program = SERVICE.format(settings=settings)
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout.splitlines()[-1]) == understood
