"""Edge cases that a bento brings in its image are asked of it from there; in the namespace lie none.

`clipped` and `better` bring bentos/diabetes/quality/cases.jsonl by the `include` of their bentofiles, `renamed` brings
none.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bentos.diabetes.quality.write import CASES
from dev.images.cache import REPOSITORY
from dev.kube.client import Object, conditions
from dev.kube.model import Model, status_of
from dev.traffic.process import Traffic
from dev.traffic.rows import write
from dev.traffic.summary import lost
from tests.e2e.conftest import NewModel
from tests.e2e.test_quality_wrong_versions import people, report_of

BROUGHT = f"/home/bentoml/bento/src/{CASES.relative_to(REPOSITORY)}"
QUALITY: dict[str, Any] = {"path": "/predict", "edgeCases": {"rows": [{"path": BROUGHT}]}}


@pytest.fixture(scope="module")
def served(module_stage: NewModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Model, Traffic]]:
    file = tmp_path_factory.mktemp("diabetes") / "rows.jsonl"
    write(people(), file)
    model = replace(module_stage(), name="diabetes", rows=file).given("first")
    with model.traffic(rate=20) as traffic:
        yield model, traffic


def test_a_version_is_sent_back_for_a_case_that_it_brings_itself(served: tuple[Model, Traffic]) -> None:
    model, _ = served
    model.apply("clipped", quality=QUALITY)
    stalled = conditions(model.wait("Stalled"))["Stalled"]
    assert stalled["reason"] == "QualityFailed", stalled
    assert "beyond everyone in the data" in stalled["message"]
    assert set(model.weights_of("clipped")) <= {0}


def test_a_version_that_brings_none_is_told_so_and_gets_no_request(served: tuple[Model, Traffic]) -> None:
    model, _ = served
    model.apply("renamed")
    thing = model.until(says_what_is_missing, 180, "what is missing is named")
    assert conditions(thing)["Stalled"]["reason"] == "QualityUnchecked"
    assert status_of(thing)["candidate"]["weight"] == 0
    assert set(model.weights_of("renamed")) <= {0}


def test_one_that_meets_them_is_let_through(served: tuple[Model, Traffic]) -> None:
    model, traffic = served
    model.apply("better")
    thing = model.wait("Ready")
    assert status_of(thing)["stable"]["revision"] == model.revision_of("better")
    [gate] = [gate for gate in report_of(model, "better")["gates"] if gate["name"] == "edgeCases"]
    assert (gate["met"], gate["missed"]) == (len(CASES.read_text().splitlines()), 0)
    assert lost(traffic.stop()) == []


def says_what_is_missing(thing: Object) -> bool:
    return "out of the bento's image" in str(conditions(thing).get("Stalled"))
