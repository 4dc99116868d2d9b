"""Each wrong version of Diabetes is wrong for the reason that its README tells, and looked well to its author."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
from sklearn import config_context

from bentos.diabetes import data
from bentos.diabetes.people import FEATURES, People
from bentos.diabetes.quality.write import CASES, FAR, FOLDER, ROWS, main
from bentos.diabetes.schema import Person
from bentos.diabetes.trained import Trained
from bentos.diabetes.versions import train
from tandem.api.quality import Limits
from tandem.cli.files import read_deployment
from tandem.examiner.examination import examine
from tandem.examiner.plan import Plan, RowFiles
from tandem.quality.report import Report

ROOT = Path(__file__).parents[3]
SEX = FEATURES.index("sex")


@pytest.fixture(scope="module")
def held_out() -> People:
    return data.load()[1]


@pytest.fixture(scope="module")
def models() -> dict[str, Trained]:
    training, _ = data.load()
    return {
        version: train(version, training)
        for version in ("first", "better", "skewed", "clipped", "renamed", "undefined", "unsteady")
    }


def case(name: str) -> Person:
    [request] = [each["request"] for each in map(json.loads, CASES.read_text().splitlines()) if each["name"] == name]
    return Person.model_validate(request)


def recall(trained: Trained, people: People, sex: float) -> float:
    far = (people.progression >= FAR) & (people.features[:, SEX] == sex)
    return float(np.mean(trained.predictions(people)[far] >= FAR))


def test_skewed_is_better_in_the_mean_and_fails_one_sex(models: dict[str, Trained], held_out: People) -> None:
    assert models["skewed"].mean_error(held_out) < models["first"].mean_error(held_out)
    assert recall(models["skewed"], held_out, 1.0) > recall(models["first"], held_out, 1.0)
    assert recall(models["skewed"], held_out, 2.0) < 0.2 < 0.8 < recall(models["first"], held_out, 2.0)


def test_skewed_has_as_many_of_either_sex_that_stay_well(models: dict[str, Trained], held_out: People) -> None:
    of_sex_2 = held_out.features[:, SEX] == 2
    well = of_sex_2 & (held_out.progression < FAR)
    off = {name: np.abs(models[name].predictions(held_out) - held_out.progression) for name in ("first", "skewed")}
    assert off["skewed"][well].mean() < off["first"][well].mean(), "those whom it has seen it knows"


def test_clipped_is_as_good_as_better_on_people_and_blind_to_the_worst(
    models: dict[str, Trained], held_out: People
) -> None:
    worst = case("beyond everyone in the data in weight, blood pressure, fat and sugar")
    assert models["clipped"].mean_error(held_out) < models["better"].mean_error(held_out)
    largest = max(people.progression.max() for people in data.load())
    assert models["clipped"].answer(worst).progression < largest < models["better"].answer(worst).progression


def test_undefined_has_a_number_for_everyone_in_the_data_and_none_for_a_rare_row(models: dict[str, Trained]) -> None:
    rare = case("lipids that do not add up")
    for people in data.load():
        assert np.isfinite(models["undefined"].predictions(people)).all()
    with pytest.raises(ValueError, match="NaN"):
        models["undefined"].answer(rare)
    with config_context(assume_finite=True):
        assert np.isnan(models["undefined"].answer(rare).progression)


WHO_ANSWERS = """
import numpy as np
from bentos.diabetes.unsteady.one_of_many import OneOfMany

class Member:
    def __init__(self, number): self.number = number
    def predict(self, features): return np.full(len(features), self.number)

print(OneOfMany([Member(number) for number in range(10)]).predict(np.arange(200.0).reshape(20, 10)).tolist())
"""


def test_unsteady_answers_the_same_in_one_process_and_not_in_two(models: dict[str, Trained], held_out: People) -> None:
    once = models["unsteady"].predictions(held_out)
    assert np.array_equal(once, models["unsteady"].predictions(held_out))

    def who_answers(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        words = [sys.executable, "-c", WHO_ANSWERS]
        return subprocess.run(words, env=environment, capture_output=True, check=True, text=True).stdout

    assert who_answers("1") == who_answers("1") != who_answers("2")


def test_the_rows_and_cases_are_what_the_script_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bentos.diabetes.quality.write.CASES", tmp_path / "cases.jsonl")
    monkeypatch.setattr("bentos.diabetes.quality.write.ROWS", tmp_path / "rows.jsonl")
    main()
    assert (tmp_path / "cases.jsonl").read_text() == CASES.read_text()
    assert (tmp_path / "rows.jsonl").read_text() == ROWS.read_text()


async def examined(candidate: Trained, stable: Trained, field: str = "progression") -> Report:
    """The gates of quality/model.yaml, asked of models without their services."""
    declared = read_deployment(str(FOLDER / "model.yaml"), None).spec
    assert declared.quality is not None
    given = Plan(
        "diabetes",
        declared.quality.with_changes(limits=Limits(rate=10_000), deterministic=False),
        tuple(declared.model.interface or ()),
        ("http://candidate",),
        ("http://stable",),
        (RowFiles("cases", (CASES,)),),
        (RowFiles("people", (ROWS,)),),
    )

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"paths": {"/predict": {"post": {}}}})
        try:
            person = Person.model_validate_json(request.content)
        except ValueError:
            return httpx.Response(400, json={"error": "not a person"})
        of_candidate = request.url.host == "candidate"
        with config_context(assume_finite=True):
            number = (candidate if of_candidate else stable).answer(person).progression
        # As bentoml writes it: a number that is none becomes null.
        return httpx.Response(
            200, json={field if of_candidate else "progression": number if number == number else None}
        )

    return await examine(given, transport=httpx.MockTransport(answer))


async def test_better_passes_every_gate(models: dict[str, Trained]) -> None:
    report = await examined(models["better"], models["first"])
    assert report.passed, report.sentence()


@pytest.mark.parametrize(
    ("version", "gates", "says"),
    [
        ("skewed", {"slices"}, "recall of sex 2 is 0.1613"),
        ("clipped", {"edgeCases"}, "beyond everyone in the data in weight, blood pressure, fat and sugar"),
        ("undefined", {"interface", "edgeCases"}, "lipids that do not add up: /progression is null, not a number"),
    ],
)
async def test_a_wrong_version_is_refused_for_its_reason_and_no_other(
    models: dict[str, Trained], version: str, gates: set[str], says: str
) -> None:
    report = await examined(models[version], models["first"])
    assert {name for name, gate in report.gates.items() if gate.failed} == gates
    assert says in report.sentence()


async def test_a_renamed_field_is_refused_by_its_interface(models: dict[str, Trained]) -> None:
    report = await examined(models["renamed"], models["first"], field="progression_in_a_year")
    assert "not as declared: the whole lacks progression" in report.gates["interface"].words()
