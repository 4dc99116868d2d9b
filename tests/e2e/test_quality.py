"""A version that breaks an edge case gets not one request of a user, and says which case; a good one is let through.

`failing` raises on digits narrower than six columns: its author took them for bad scans. The case is such a digit.
"""

import base64
import json
from typing import Any

import pytest

from dev.kube import stack
from dev.kube.client import KubeFailed, Object, conditions, until
from dev.kube.model import Model, status_of
from dev.traffic.outcomes import Outcome
from dev.traffic.rows import DIGITS_PATH, read
from dev.traffic.summary import lost
from tandem.manifests.missed import DOCUMENT_KEY
from tests.e2e.conftest import NewModel
from tests.e2e.test_command_line import tandem

CASES = "digits-edge-cases"
ROWS = "digits-rows"
NARROW = "a narrow digit"
QUALITY = {
    "path": DIGITS_PATH,
    "edgeCases": {"rows": [{"configMap": CASES}]},
    "slices": {
        "rows": [{"secret": ROWS}],
        "answer": "/label",
        "gates": [{"metric": "accuracy", "min": 0.8}],
    },
}
QUIET_ANSWERS = 100
OPERATOR = f"system:serviceaccount:{stack.OPERATOR_NAMESPACE}:{stack.RELEASE}"


def rows_of(model: Model) -> tuple[str, str]:
    """Return edge cases and labelled rows as JSON lines: digits that `better` has right."""
    found = [row for row in read(model.rows) if row.expected["better"] == row.expected["first"]]
    narrow = next(row for row in found if row.expected["failing"] is None)
    cases = [
        {
            "name": NARROW,
            "request": json.loads(narrow.body),
            "expect": {"at": "/label", "min": 0, "max": 9},
            "must": True,
        },
        {"name": "too few pixels", "request": {"pixels": [0]}, "expect": {"status": 400}},
    ]
    wide = [row for row in found if row.expected["failing"] == row.expected["better"]]
    labelled = [{"request": json.loads(row.body), "label": row.expected["better"]["label"]} for row in wide[:60]]  # type: ignore[index]
    return _lines(cases), _lines(labelled)


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def give_rows(model: Model, cases: str, labelled: str) -> None:
    for kind, name, data in (
        ("ConfigMap", CASES, {"data": {"cases.jsonl": cases}}),
        ("Secret", ROWS, {"stringData": {"rows.jsonl": labelled}}),
    ):
        model.kube.apply(
            {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": model.namespace}, **data}
        )


@pytest.fixture(scope="module")
def asked(module_stage: NewModel) -> tuple[Model, list[Outcome]]:
    """A model with spec.quality whose broken version was tried under traffic."""
    model = module_stage().given("better")
    give_rows(model, *rows_of(model))
    with model.traffic(name="asked") as traffic:
        model.apply("failing", quality=QUALITY)
        model.wait("Stalled")
        answered = len(traffic.outcomes())
        until(lambda: len(traffic.outcomes()) > answered + QUIET_ANSWERS, 60, "answers afterwards")
        return model, traffic.stop()


def test_it_gets_not_a_single_request_of_a_user(asked: tuple[Model, list[Outcome]]) -> None:
    model, outcomes = asked
    assert {outcome.version for outcome in outcomes} == {"better"}
    assert lost(outcomes) == []
    assert set(model.weights_of("failing")) <= {0}


def test_the_report_names_the_case_and_shows_no_row(asked: tuple[Model, list[Outcome]]) -> None:
    model, _ = asked
    stalled = conditions(model.wait("Stalled"))["Stalled"]
    assert stalled["reason"] == "QualityFailed"
    assert NARROW in stalled["message"]
    [report] = [quality for quality in _reports(model) if quality["outcome"] == "Failed"]
    [gate] = [gate for gate in report["gates"] if gate["name"] == "edgeCases"]
    assert [finding["name"] for finding in gate["findings"]] == [NARROW]
    assert "pixels" not in json.dumps(report)


def test_what_was_asked_expected_and_got_is_in_a_secret_and_nowhere_else(asked: tuple[Model, list[Outcome]]) -> None:
    model, _ = asked
    secret = kept(model)
    assert (secret["immutable"], secret["type"]) == (True, "Opaque")
    [case] = [each for each in missed(secret)["cases"] if each["gate"] == "edgeCases"]
    assert case["name"] == NARROW
    assert case["expected"] == {"at": "/label", "min": 0, "max": 9}
    assert case["got"]["status"] == 500
    assert case["request"] == json.loads(rows_of(model)[0].splitlines()[0])["request"]
    shown = tandem(model, "cases", model.name)
    assert NARROW in shown
    assert '"max": 9' in shown
    assert "`tandem cases" in conditions(model.wait("Stalled"))["Stalled"]["message"]
    told = [model.kube.list(kind, model.namespace) for kind in ("modelrevisions", "events", "modeldeployments")]
    assert '"pixels"' not in json.dumps([[{**each, "spec": {}, "metadata": {}} for each in found] for found in told])


def test_neither_the_operator_nor_the_pod_that_asked_may_read_it(asked: tuple[Model, list[Outcome]]) -> None:
    model, _ = asked
    name = kept(model)["metadata"]["name"]
    for who in (f"system:serviceaccount:{model.namespace}:{model.name}-tandem-examiner", OPERATOR):
        with pytest.raises(KubeFailed, match="Forbidden"):
            model.kube.kubectl("get", "secret", name, "-n", model.namespace, f"--as={who}")


def test_a_good_version_is_let_through_and_the_pod_that_asked_is_gone(asked: tuple[Model, list[Outcome]]) -> None:
    model, _ = asked
    with model.traffic(name="good") as traffic:
        model.apply("first")
        model.wait("Ready")
        outcomes = traffic.stop()
    assert lost(outcomes) == []
    assert "Passed" in {quality["outcome"] for quality in _reports(model)}
    until(lambda: not _examiners(model), 60, "no pod of an examination is left")


def test_a_quota_without_room_for_what_was_missed_changes_no_verdict(stage: NewModel) -> None:
    model = stage().given("better")
    give_rows(model, *rows_of(model))
    full = {"metadata": {"name": "secrets", "namespace": model.namespace}, "spec": {"hard": {"secrets": "1"}}}
    model.kube.apply({"apiVersion": "v1", "kind": "ResourceQuota", **full})
    until(lambda: "used" in model.kube.get("resourcequota", "secrets", model.namespace)["status"], 60, "quota counted")
    model.apply("failing", quality=QUALITY)
    stalled = conditions(model.wait("Stalled"))["Stalled"]
    assert stalled["reason"] == "QualityFailed", stalled
    [report] = [quality for quality in _reports(model) if quality["outcome"] == "Failed"]
    assert "exceeded quota: secrets" in report["cases"]["trouble"]
    with pytest.raises(KubeFailed, match="exceeded quota"):
        tandem(model, "cases", model.name)


def test_what_is_kept_goes_with_its_model(stage: NewModel) -> None:
    model = stage().given("better")
    give_rows(model, *rows_of(model))
    model.apply("failing", quality=QUALITY)
    model.wait("Stalled")
    name = kept(model)["metadata"]["name"]
    model.kube.delete("modeldeployment", model.name, model.namespace)

    def left() -> list[str]:
        kinds = ("secrets", "serviceaccounts", "rolebindings")
        found = [each["metadata"]["name"] for kind in kinds for each in model.kube.list(kind, model.namespace)]
        return [each for each in found if each == name or each.endswith("-tandem-examiner")]

    until(lambda: not left(), 120, "nothing of it is left")


def test_where_nothing_is_to_be_kept_nothing_is(stage: NewModel) -> None:
    model = stage().given("better")
    give_rows(model, *rows_of(model))
    model.apply("failing", quality={**QUALITY, "report": "None"})
    model.wait("Stalled")
    assert not [each for each in model.kube.list("secrets", model.namespace) if each["metadata"]["name"] != ROWS]
    assert not [
        each for each in model.kube.list("rolebindings", model.namespace) if "examiner" in str(each["metadata"])
    ]


def kept(model: Model) -> Object:
    """Return the Secret that the version's report names."""
    [report] = [quality for quality in _reports(model) if quality["outcome"] == "Failed"]
    return model.kube.get("secret", report["cases"]["secret"], model.namespace)


def missed(secret: Object) -> Any:
    return json.loads(base64.b64decode(secret["data"][DOCUMENT_KEY]))


def test_rows_that_are_missing_stop_it_with_the_reason_and_are_picked_up(stage: NewModel) -> None:
    model = stage().given("first")
    model.apply("better", quality=QUALITY)
    thing = model.until(lambda thing: CASES in str(conditions(thing).get("Stalled")), 120, "the missing rows are named")
    assert status_of(thing)["candidate"]["weight"] == 0
    give_rows(model, *rows_of(model))
    with model.traffic(name="mended"):
        model.wait("Ready")
    assert model.slots() == ("better", None)


def test_questions_that_change_are_asked_of_what_serves_and_nothing_is_restarted(stage: NewModel) -> None:
    model = stage()
    cases, labelled = rows_of(model)
    give_rows(model, cases, labelled)
    model.given("first", quality=QUALITY)
    before = [pod["metadata"]["uid"] for pod in model.pods("first")]
    narrow = json.loads(cases.splitlines()[0])
    wrong = {**narrow, "name": "no such digit", "expect": {"at": "/label", "equals": 11}}
    give_rows(model, cases + _lines([wrong]), labelled)
    missed = conditions(model.wait("QualityMissed"))
    assert "no such digit" in missed["QualityMissed"]["message"]
    assert missed["Ready"]["status"] == "True"
    give_rows(model, cases, labelled)
    model.until(lambda thing: "QualityMissed" not in conditions(thing), 180, "what serves has passed again")
    assert [pod["metadata"]["uid"] for pod in model.pods("first")] == before
    assert model.slots() == ("first", None)


def _reports(model: Model) -> list[dict[str, Any]]:
    found = model.kube.list("modelrevisions", model.namespace)
    return [each["status"]["quality"] for each in found if "quality" in each.get("status", {})]


def _examiners(model: Model) -> list[Object]:
    return model.kube.list("pods", model.namespace, "tandem.dev/examines")
