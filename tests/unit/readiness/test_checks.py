"""Every check: an object that fails it, one that passes, one of which nobody can tell, one that it does not concern."""

from typing import Any, Final

import pytest

from tandem.api.contract import Contract
from tandem.api.profile import Profile
from tandem.readiness import CHECKS, Before, Facts, Finding, Outcome, ProfileRead, Severity, examine
from tests.unit.readiness.objects import IMAGE, PROFILE, REMOVED, facts

FAIL, PASS, UNKNOWN, APART = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE

NOBODY_LOOKED = ProfileRead(unread="is not among the files")
ELSEWHERE = {"image": "registry.corp/other:1"}
NO_PROFILE: dict[str, Any] = {"profile": REMOVED, "tier": "Experiment"}
EXPERIMENT: dict[str, Any] = {"tier": "Experiment"}
OLD = Before("registry.corp/fraud:2.0.0", Contract.model_validate({"latency": {"p99": "100ms"}}))


def limits(**amounts: Any) -> dict[str, Any]:
    return {"serving": {"resources": {"limits": amounts}}}


def env(name: str, value: str) -> dict[str, Any]:
    return {"model": {"env": [{"name": name, "value": value}]}}


def hosts(*names: str) -> dict[str, Any]:
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(names)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"serving": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}}


def sliced(subjects: str, **gate: Any) -> dict[str, Any]:
    slices = {"rows": [{"secret": "rows"}], "answer": "/score", "gates": [{"metric": "accuracy", "min": 0.8, **gate}]}
    return {"model": {"subjects": subjects}, "quality": {"slices": slices}}


ROWS: Final[list[tuple[str, Outcome, Facts]]] = [
    ("TDM001", PASS, facts()),
    ("TDM001", FAIL, facts(purpose=REMOVED)),
    ("TDM001", FAIL, facts(purpose="TODO")),
    ("TDM001", APART, facts(**EXPERIMENT)),
    ("TDM002", PASS, facts()),
    ("TDM002", PASS, facts(tier="Experiment", owners={"engineering": REMOVED})),
    ("TDM002", FAIL, facts(owners={"engineering": REMOVED})),
    ("TDM002", FAIL, facts(tier="Experiment", owners={"engineering": REMOVED, "dataScience": REMOVED})),
    ("TDM003", PASS, facts()),
    ("TDM003", FAIL, facts(owners={"engineering": {"team": "payments", "contact": "oncall@example.com"}})),
    ("TDM003", FAIL, facts(owners={"dataScience": {"team": "tbd", "contact": "#risk"}})),
    ("TDM003", APART, facts(**EXPERIMENT)),
    ("TDM004", PASS, facts()),
    ("TDM004", FAIL, facts(consumers=REMOVED)),
    ("TDM004", APART, facts(**EXPERIMENT)),
    ("TDM005", PASS, facts()),
    ("TDM005", FAIL, facts(consumers=[{"team": "checkout", "timeout": "150ms"}])),
    ("TDM005", APART, facts(consumers=[{"team": "checkout"}])),
    ("TDM006", PASS, facts()),
    ("TDM006", FAIL, facts(serving={"timeout": REMOVED})),
    ("TDM006", APART, facts(consumers=[{"team": "checkout"}])),
    ("TDM007", PASS, facts()),
    ("TDM007", FAIL, facts(requirements={"latency": REMOVED})),
    ("TDM007", FAIL, facts(tier="Experiment", model={"service": REMOVED})),
    ("TDM007", APART, facts(tier="Experiment", requirements={"latency": REMOVED})),
    ("TDM008", PASS, facts()),
    ("TDM008", FAIL, facts(requirements={"availability": REMOVED})),
    ("TDM008", APART, facts(**EXPERIMENT)),
    ("TDM009", PASS, facts()),
    ("TDM009", FAIL, facts(requirements={"throughput": {"night": REMOVED}})),
    ("TDM009", FAIL, facts(requirements={"throughput": REMOVED})),
    ("TDM009", APART, facts(**EXPERIMENT)),
    ("TDM010", PASS, facts()),
    ("TDM010", FAIL, facts(model={"image": "registry.corp/fraud:2.2.0"})),
    ("TDM010", FAIL, facts(ELSEWHERE)),
    ("TDM010", FAIL, facts({"image": None})),
    ("TDM010", FAIL, facts(ProfileRead(wrong="has no key profile.yaml"))),
    ("TDM010", UNKNOWN, facts(NOBODY_LOOKED)),
    ("TDM010", APART, facts(**EXPERIMENT)),
    ("TDM011", PASS, facts()),
    ("TDM011", FAIL, facts(requirements={"latency": {"p99": "30ms"}})),
    ("TDM011", UNKNOWN, facts(NOBODY_LOOKED)),
    ("TDM011", UNKNOWN, facts(ELSEWHERE)),
    ("TDM011", APART, facts(requirements={"latency": REMOVED})),
    ("TDM012", PASS, facts()),
    ("TDM012", FAIL, facts(serving={"replicas": {"min": 1}})),
    ("TDM012", APART, facts(**EXPERIMENT)),
    ("TDM013", PASS, facts()),
    ("TDM013", FAIL, facts(serving={"replicas": {"min": 3}})),
    ("TDM013", FAIL, facts(serving={"replicas": {"min": 1}})),
    ("TDM013", UNKNOWN, facts(NOBODY_LOOKED)),
    ("TDM013", UNKNOWN, facts(requirements={"latency": {"p99": "30ms"}})),
    ("TDM013", APART, facts(requirements={"throughput": REMOVED})),
    ("TDM014", PASS, facts()),
    ("TDM014", FAIL, facts(model={"interface": [{"path": "/score"}]})),
    ("TDM014", UNKNOWN, facts(NOBODY_LOOKED)),
    ("TDM014", APART, facts(model={"interface": REMOVED})),
    ("TDM014", APART, facts(model={"interface": [{"path": "/about", "method": "GET"}]})),
    ("TDM014", APART, facts(ProfileRead(Profile.model_validate(PROFILE | {"routes": None})))),
    ("TDM015", PASS, facts()),
    ("TDM015", FAIL, facts(**limits(memory="400Mi"))),
    ("TDM015", UNKNOWN, facts(NOBODY_LOOKED)),
    ("TDM015", APART, facts(**limits(memory=REMOVED))),
    ("TDM016", PASS, facts()),
    ("TDM016", FAIL, facts({"startup": {"seconds": 41.0}})),
    ("TDM016", UNKNOWN, facts(NOBODY_LOOKED)),
    ("TDM016", APART, facts(ProfileRead(), **NO_PROFILE)),
    ("TDM017", PASS, facts()),
    ("TDM017", PASS, facts(model={"env": REMOVED})),
    ("TDM017", FAIL, facts(**env("OPENBLAS_NUM_THREADS", "8"))),
    ("TDM017", FAIL, facts({"threads": 66}, model={"env": REMOVED})),
    ("TDM017", UNKNOWN, facts({"setting": {"where": "Local"}}, model={"env": REMOVED})),
    ("TDM017", APART, facts(**limits(cpu=REMOVED))),
    ("TDM018", PASS, facts()),
    ("TDM018", PASS, facts(model={"interface": [{"path": "/about", "method": "GET", "response": {"type": "object"}}]})),
    ("TDM018", FAIL, facts(model={"interface": REMOVED})),
    ("TDM018", FAIL, facts(model={"interface": [{"path": "/predict", "request": {"type": "object"}}]})),
    ("TDM018", APART, facts(**EXPERIMENT)),
    ("TDM019", PASS, facts()),
    ("TDM019", FAIL, facts(quality=REMOVED)),
    ("TDM019", FAIL, facts(quality={"edgeCases": REMOVED})),
    ("TDM019", APART, facts(quality=REMOVED, **EXPERIMENT)),
    ("TDM020", PASS, facts()),
    ("TDM020", PASS, facts(model={"subjects": "People"})),
    ("TDM020", FAIL, facts(model={"subjects": REMOVED})),
    ("TDM020", APART, facts(model={"subjects": REMOVED}, **EXPERIMENT)),
    ("TDM021", PASS, facts(**sliced("People", field="sex"))),
    ("TDM021", FAIL, facts(**sliced("People"))),
    ("TDM021", FAIL, facts(model={"subjects": "People"})),
    ("TDM021", APART, facts()),
    ("TDM021", APART, facts(model={"subjects": REMOVED})),
    ("TDM022", PASS, facts()),
    ("TDM022", FAIL, facts(rollout={"evidence": {"metrics": REMOVED}})),
    ("TDM022", APART, facts(rollout={"evidence": {"metrics": REMOVED}}, **EXPERIMENT)),
    ("TDM023", PASS, facts()),
    ("TDM023", FAIL, facts(rollout={"watch": "0s"})),
    ("TDM023", APART, facts(first=True, rollout={"watch": "0s"})),
    ("TDM024", PASS, facts()),
    ("TDM024", FAIL, facts(rollback={"automatic": False})),
    ("TDM024", APART, facts(**EXPERIMENT)),
    ("TDM025", PASS, facts()),
    ("TDM025", FAIL, facts(requirements={"throughput": {"peak": 0.5, "night": 0.1}})),
    ("TDM025", FAIL, facts(requirements={"throughput": {"night": 0}})),
    ("TDM025", APART, facts(rollout={"pace": "Time"})),
    ("TDM025", APART, facts(traffic={"gateway": REMOVED})),
    ("TDM026", PASS, facts()),
    ("TDM026", PASS, facts(**env("TOKENIZERS_PARALLELISM", "sometimes"))),
    ("TDM026", PASS, facts(**env("DB_PASSWORD_FILE", "/run/secrets/db"))),
    ("TDM026", FAIL, facts(**env("DB_PASSWORD", "not-a-real-one"))),
    ("TDM026", FAIL, facts(**env("DATABASE", "postgres://fraud:not-a-real-one@db:5432/fraud"))),
    ("TDM026", APART, facts(model={"env": REMOVED})),
    ("TDM027", PASS, facts(**hosts("node-1", "node-2"))),
    ("TDM027", FAIL, facts(**hosts("node-1"))),
    ("TDM027", FAIL, facts(serving={"nodeSelector": {"kubernetes.io/hostname": "node-1"}})),
    ("TDM027", APART, facts(serving={"replicas": {"min": 1}})),
    ("TDM028", PASS, facts()),
    ("TDM028", FAIL, facts(fallback=REMOVED)),
    ("TDM028", APART, facts(tier="Standard", fallback=REMOVED)),
    ("TDM029", PASS, facts()),
    ("TDM029", FAIL, facts(runbook=REMOVED)),
    ("TDM029", FAIL, facts(runbook="https://wiki.example.com/fraud")),
    ("TDM029", APART, facts(tier="Standard", runbook=REMOVED)),
    ("TDM030", PASS, facts(reviewBy="2026-11-24")),
    ("TDM030", FAIL, facts(reviewBy="2026-11-23")),
    ("TDM030", FAIL, facts(reviewBy=REMOVED)),
    ("TDM030", APART, facts(tier="Standard", reviewBy=REMOVED)),
    ("TDM031", PASS, facts()),
    ("TDM031", FAIL, facts(model={"trained": "2026-02-31"})),
    ("TDM031", UNKNOWN, facts(model={"trained": REMOVED})),
    ("TDM031", APART, facts(requirements={"maxAge": REMOVED})),
    ("TDM032", PASS, facts()),
    ("TDM032", FAIL, facts(waivers=[{"check": "TDM001", "reason": "later", "until": "2026-11-23"}])),
    ("TDM032", APART, facts(waivers=REMOVED)),
    ("TDM033", PASS, facts()),
    ("TDM033", PASS, facts(model={"image": f"registry.corp:5000/fraud@sha256:{'0' * 64}"})),
    ("TDM033", FAIL, facts(model={"image": "registry.corp:5000/fraud"})),
    ("TDM033", FAIL, facts(model={"image": "registry.corp/fraud:latest"})),
    ("TDM033", APART, facts(**EXPERIMENT)),
    ("TDM034", PASS, facts()),
    ("TDM034", FAIL, facts(before=OLD)),
    ("TDM034", UNKNOWN, facts(first=None)),
    ("TDM034", APART, facts(first=True)),
    ("TDM034", APART, facts(before=Before(IMAGE, OLD.contract))),
]

ALWAYS_ASKED = {"TDM002"}
"""The API server lets no object without an owner in."""

CAN_BE_UNKNOWN = {"TDM010", "TDM011", "TDM013", "TDM014", "TDM015", "TDM016", "TDM017", "TDM031", "TDM034"}
"""All else stands in the object itself."""


def found(check: str, known: Facts) -> Finding:
    return next(each for each in examine(known) if each.check.id == check)


@pytest.mark.parametrize(
    ("check", "outcome", "known"), ROWS, ids=[f"{row[0]}-{row[1]}-{n}" for n, row in enumerate(ROWS)]
)
def test_what_a_check_finds(check: str, outcome: Outcome, known: Facts) -> None:
    answer = found(check, known).answer
    assert answer.outcome is outcome, answer.message
    assert answer.message


def test_a_check_that_needs_a_profile_is_not_asked_of_an_experiment_without_one() -> None:
    for check in ("TDM011", "TDM013", "TDM015", "TDM016"):
        assert found(check, facts(ProfileRead(), **NO_PROFILE)).answer.outcome is APART


def test_every_check_has_its_rows() -> None:
    rows = {(check, outcome) for check, outcome, _ in ROWS}
    ids = {check.id for check in CHECKS}
    assert {check for check, _ in rows} == ids
    assert {check for check, outcome in rows if outcome is FAIL} == ids
    assert {check for check, outcome in rows if outcome is PASS} == ids
    assert {check for check, outcome in rows if outcome is UNKNOWN} == CAN_BE_UNKNOWN
    assert {check for check, outcome in rows if outcome is APART} == ids - ALWAYS_ASKED


def test_ids_and_texts_are_complete() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == sorted(set(ids))
    for check in CHECKS:
        question = check.question
        assert question.title and question.why.endswith(".") and question.fix.endswith(".") and question.accept


def test_the_fields_that_are_named_lead_into_the_spec() -> None:
    assert all(not (a := found(c, known).answer).where or a.where[0] == "spec" for c, _, known in ROWS)


def test_a_routine_release_is_only_mentioned() -> None:
    newer = found("TDM010", facts(model={"image": "registry.corp/fraud:2.2.0"}))
    assert (newer.severity, newer.told) == (Severity.INFO, True)
    assert found("TDM010", facts(ELSEWHERE)).severity is Severity.ERROR


def test_a_secret_is_never_repeated() -> None:
    assert "not-a-real-one" not in repr(found("TDM026", facts(**env("DB_PASSWORD", "not-a-real-one"))).answer)
