"""What is put before the judge: under which objectives, and what becomes of evidence when they change."""

from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.api.quality import Quality
from tandem.controller.exhibits import (
    after_look,
    allowed_shares,
    begin,
    by_users,
    objective_seconds,
    settings_of,
    subject_of,
)
from tandem.controller.restored import restore
from tandem.judge import Counts, History, Increment, MetricEvidence, Verdict, VerdictKind, add_history
from tandem.judge.counts import NONE
from tandem.signals import Ledger

SINCE = "2026-03-01T12:00:00Z"
R1, R2 = "fraud-r1", "fraud-r2"
STRICT = {"latency": {"p99": "150ms"}, "availability": "99.9%"}
GATEWAY = {"parentRefs": [{"name": "gw"}]}


def deployment(requirements: dict[str, Any], traffic: dict[str, Any] | None = None, **status: Any) -> ModelDeployment:
    spec = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:2", "service": "Fraud"},
        "requirements": requirements,
        "traffic": traffic or {},
    }
    return parse_deployment({"metadata": {"name": "fraud"}, "spec": spec, "status": status})


def rolling(requirements: dict[str, Any], contract: dict[str, Any] | None = None) -> ModelDeployment:
    stable = {"revision": "fraud-r1", "since": SINCE, **({"contract": contract} if contract else {})}
    candidate = {"revision": "fraud-r2", "attempt": 1, "since": SINCE, "size": 1, "weight": 10}
    return deployment(requirements, stable=stable, candidate=candidate)


def watched(requirements: dict[str, Any], contract: dict[str, Any]) -> ModelDeployment:
    fallback = {"revision": "fraud-r1", "size": 1, "contract": contract}
    return deployment(requirements, stable={"revision": "fraud-r2", "since": SINCE}, fallback=fallback)


def weighing(weight: int, *, accepted: bool = True, gateway: bool = True) -> ModelDeployment:
    """Return the model while its candidate is ready, and has this weight."""
    candidate: dict[str, Any] = {"revision": R2, "attempt": 1, "since": SINCE, "size": 1, "weight": weight}
    if accepted and weight:
        candidate["weightSince"] = SINCE
    traffic = {"gateway": GATEWAY} if gateway else {}
    return deployment({}, traffic, stable={"revision": R1, "since": SINCE}, candidate=candidate)


class Trial:
    """What the controller makes of each look, without pods."""

    def __init__(self, found: ModelDeployment, history: History | None = None) -> None:
        subject = subject_of(found)
        assert subject is not None
        self.exhibit = begin(subject, found, history)

    def look(self, found: ModelDeployment, stable: Counts, candidate: Counts = NONE) -> Verdict:
        subject = subject_of(found)
        assert subject is not None
        counts = {R1: {"errors": stable}, R2: {"errors": candidate}}
        self.exhibit = after_look(self.exhibit, subject, found, counts, {})
        return self.exhibit.verdict(settings_of(found, subject))


def an_hour() -> History:
    """Return what is learned of stable in an hour at 100 requests a second, five in a thousand of them bad."""
    history = History()
    for _ in range(360):
        history = add_history(history, {"errors": Counts(1000, 5)})
    return history


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(rolling({"latency": {"p99": "1s"}, "availability": "99%"}, STRICT), id="rolling"),
        pytest.param(rolling({}, STRICT), id="all-removed"),
        pytest.param(watched({"latency": {"p99": "1s"}}, STRICT), id="watched"),
        pytest.param(rolling(STRICT), id="contract-unknown"),
    ],
)
def test_the_stricter_contract_is_what_is_judged_by(found: ModelDeployment) -> None:
    subject = subject_of(found)
    assert subject is not None
    assert objective_seconds(found) == {"latency-p99-150ms": 0.15}
    assert allowed_shares(found) == {"errors": pytest.approx(0.001), "latency-p99-150ms": 0.01}
    assert settings_of(found, subject).objectives == {"latency-p99-150ms": "150ms"}
    assert set(begin(subject, found).evidence.metrics) == {"errors", "latency-p99-150ms"}


def test_evidence_under_an_objective_that_was_tightened_begins_afresh() -> None:
    before, after = rolling({"latency": {"p99": "1s"}}), rolling({"latency": {"p99": "500ms"}})
    subject = subject_of(before)
    assert subject is not None
    counts = {"errors": Counts(100, 1), "latency-p99-1s": Counts(100, 5)}
    exhibit = begin(subject, before).after({"fraud-r2": counts, "fraud-r1": counts})
    kept = exhibit.under(objective_seconds(after), {})
    assert set(kept.evidence.metrics) == {"errors"}


@pytest.mark.parametrize("watch", [True, False])
def test_an_objective_that_is_added_is_judged_by_what_it_grants(watch: bool) -> None:
    tenth = {"latency": {"p90": "200ms"}}
    before, after = (watched({}, {}), watched(tenth, {})) if watch else (rolling({}), rolling(tenth))
    subject = subject_of(before)
    assert subject is not None
    for found in (begin(subject, before).under({}, {}), begin(subject, after)):
        exhibit = after_look(found, subject, after, {}, {})
        added = exhibit.evidence.metrics["latency-p90-200ms"]
        assert added == begin(subject, after).evidence.metrics["latency-p90-200ms"]


@pytest.mark.parametrize(("last_attempt", "goes_on"), [(1, True), (2, False)])
def test_after_a_restart_a_watch_window_follows_the_last_rollout_and_no_earlier_one(
    last_attempt: int, goes_on: bool
) -> None:
    before, window = rolling({}), watched({}, {})
    was, subject = subject_of(before), subject_of(window)
    assert was is not None
    assert subject is not None
    counts = {R1: {"errors": Counts(900, 9)}, R2: {"errors": Counts(100, 1)}}
    stored = begin(was, before).after(counts).to_dict(Ledger())
    found = restore(stored, subject, window, last_attempt)
    assert (found.exhibit is not None, found.trouble) == (goes_on, None)


@pytest.mark.parametrize(
    ("slots", "quality", "counts"),
    [
        pytest.param({"candidate": {"weight": 10}}, {}, True, id="it-has-weight"),
        pytest.param({"candidate": {"askedSince": SINCE}}, {}, False, id="it-is-asked"),
        pytest.param({"candidate": {"askedSince": SINCE}}, None, True, id="the-section-was-removed"),
        pytest.param({"candidate": {"askedSince": SINCE}, "fallback": {}}, {}, True, id="stable-is-watched"),
        pytest.param(
            {"candidate": {"askedSince": SINCE}, "fallback": {}},
            {"compare": {"maxChanged": "1%"}},
            False,
            id="stable-is-watched-and-asked-too",
        ),
    ],
)
def test_what_tandem_asked_is_no_evidence(slots: dict[str, Any], quality: dict[str, Any] | None, counts: bool) -> None:
    status: dict[str, Any] = {"stable": {"revision": "fraud-r2", "since": SINCE}}
    status["candidate"] = {"revision": "fraud-r3", "attempt": 1, "since": SINCE, "size": 1, **slots["candidate"]}
    if "fallback" in slots:
        status["fallback"] = {"revision": "fraud-r1", "size": 1}
    found = deployment({}, **status)
    if quality is not None:
        found = found.with_changes(spec=found.spec.with_changes(quality=Quality.model_validate(quality)))
    subject = subject_of(found)
    assert subject is not None
    assert by_users(found, subject) is counts


@pytest.mark.parametrize(
    ("found", "candidate", "counts"),
    [
        pytest.param(weighing(0), Counts(), False, id="before-the-first-weight"),
        pytest.param(weighing(10, accepted=False), Counts(), False, id="before-the-gateway-has-accepted-it"),
        pytest.param(weighing(10), Counts(), True, id="no-request-of-its-own-at-this-look"),
        pytest.param(weighing(10, accepted=False), Counts(1), True, id="the-gateway-has-not-said-so-yet"),
        pytest.param(weighing(0), Counts(3, 3), True, id="read-after-its-weight-was-taken-away"),
        pytest.param(weighing(0, gateway=False), Counts(), True, id="never-side-by-side"),
    ],
)
def test_what_stable_answers_is_evidence_while_the_candidate_gets_requests(
    found: ModelDeployment, candidate: Counts, counts: bool
) -> None:
    trial = Trial(found)
    trial.look(found, Counts(50, 1), candidate)
    counted = trial.exhibit.evidence.metrics["errors"]
    assert isinstance(counted, MetricEvidence)
    assert counted.rollout == (Increment(candidate, Counts(50, 1)) if counts else Increment())


def test_a_bad_spell_of_stable_before_the_first_weight_hides_no_bad_candidate() -> None:
    trial = Trial(weighing(0), an_hour())
    for _ in range(120):
        trial.look(weighing(0), Counts(50, 15))
    kinds = {trial.look(weighing(10), Counts(45), Counts(5, 1)).kind for _ in range(20)}
    assert VerdictKind.ROLL_BACK in kinds
    assert VerdictKind.ADVANCE not in kinds
