"""What is put before the judge: under which objectives, and what becomes of evidence when they change."""

from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.api.quality import Quality
from tandem.controller.exhibits import allowed_shares, begin, by_users, objective_seconds, settings_of, subject_of
from tandem.judge import Counts

SINCE = "2026-03-01T12:00:00Z"
STRICT = {"latency": {"p99": "150ms"}, "availability": "99.9%"}


def deployment(requirements: dict[str, Any], **status: Any) -> ModelDeployment:
    spec = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:2", "service": "Fraud"},
        "requirements": requirements,
    }
    return parse_deployment({"metadata": {"name": "fraud"}, "spec": spec, "status": status})


def rolling(requirements: dict[str, Any], contract: dict[str, Any] | None = None) -> ModelDeployment:
    stable = {"revision": "fraud-r1", "since": SINCE, **({"contract": contract} if contract else {})}
    candidate = {"revision": "fraud-r2", "attempt": 1, "since": SINCE, "size": 1, "weight": 10}
    return deployment(requirements, stable=stable, candidate=candidate)


def watched(requirements: dict[str, Any], contract: dict[str, Any]) -> ModelDeployment:
    fallback = {"revision": "fraud-r1", "size": 1, "contract": contract}
    return deployment(requirements, stable={"revision": "fraud-r2", "since": SINCE}, fallback=fallback)


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
