"""The demo's manifests are read by the operator as they are meant, and differ in the image alone."""

import copy
from typing import Any

import pytest

from bentos.diabetes.quality.write import FOLDER
from bentos.digits.rows import held_out_rows
from dev.demo.settings import MANIFESTS
from dev.kube.client import manifests
from tandem.api.objects import parse_deployment

FILES = sorted(MANIFESTS.glob("*.yaml"))


def read(name: str) -> dict[str, Any]:
    [manifest] = manifests(MANIFESTS / f"{name}.yaml")
    return manifest


def test_they_differ_in_the_image_alone() -> None:
    others = []
    for file in FILES:
        manifest = copy.deepcopy(read(file.stem))
        parse_deployment(manifest)
        version = file.stem.partition("-")[2]
        assert manifest["spec"]["model"].pop("image") == f"tandem.local/digits:{version}"
        others.append(manifest)
    assert len(others) == 4
    assert all(other == others[0] for other in others)


def test_the_other_model_s_differ_in_the_image_alone_and_ask_what_its_bentos_are_asked() -> None:
    first, skewed = (read(f"diabetes/{name}") for name in ("1-first", "2-skewed"))
    for manifest in (first, skewed):
        parse_deployment(manifest)
    assert first["spec"]["model"].pop("image") == "tandem.local/diabetes:first"
    assert skewed["spec"]["model"].pop("image") == "tandem.local/diabetes:skewed"
    assert first == skewed
    [asked] = manifests(FOLDER / "model.yaml")
    for part in ("edgeCases", "slices"):
        assert first["spec"]["quality"][part] == asked["spec"]["quality"][part]


@pytest.mark.parametrize("version", ["first", "better", "failing", "slow"])
def test_the_warm_up_is_a_scan_that_every_version_answers(version: str) -> None:
    """Otherwise the failing version would be caught before it got a request, and there would be nothing to see."""
    [warmup] = read("1-first")["spec"]["serving"]["startup"]["warmup"]
    [row] = [row for row in held_out_rows() if list(row.pixels) == warmup["body"]["pixels"]]
    assert row.expected[version] is not None
