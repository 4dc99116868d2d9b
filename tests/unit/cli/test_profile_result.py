"""What ``tandem profile`` keeps of its result."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.cli.profile_result import keep
from tandem.cli.profile_subject import subject_of
from tests.unit.planning.test_capacity import profile
from tests.unit.planning.test_sizing import deployment


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ({"name": "fraud", "namespace": "payments"}, {"name": "measured", "namespace": "payments"}),
        ({"name": "fraud"}, {"name": "measured"}),
    ],
)
def test_the_profile_goes_where_the_model_goes(tmp_path: Path, metadata: dict[str, Any], kept: dict[str, Any]) -> None:
    spec = deployment(profile="measured").to_dict()["spec"]
    body = {"apiVersion": "tandem.dev/v1alpha1", "kind": "ModelDeployment", "metadata": metadata, "spec": spec}
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(body))
    written = tmp_path / "profile.yaml"
    keep(profile(), subject_of(str(tmp_path / "model.yaml"), None, None, ()), str(written))
    assert yaml.safe_load(written.read_text())["metadata"] == kept


@pytest.mark.parametrize("option", ["--load", "--startup", "--answer"])
def test_no_time_at_all_is_refused(tmp_path: Path, option: str) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n")
    words = ["profile", "fraud:1", "--rows", str(tmp_path / "rows.jsonl"), "--path", "/predict", option, "0s"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2 and "has to be longer than 0s" in result.output
