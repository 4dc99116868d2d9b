"""Saturation, and metrics that the user names: what a candidate is held for, sent back for, and not judged by."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment, parse_revision
from tandem.controller.exhibits import Exhibit, Subject, begin, named_in, settings_of, subject_of
from tandem.controller.history import Histories
from tandem.controller.restored import restore
from tandem.controller.trials import Judged, Trials
from tandem.judge import Counts, Verdict, VerdictKind
from tandem.rollout.observation import Observation, PodState, RevisionState
from tandem.signals import Ledger, PodSample, PodTarget, Unreadable, parse
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.sources import Sources
from tests.unit.controller.virtual_time import in_virtual_time
from tests.unit.signals.exposition import Bento

SINCE = "2026-03-01T12:00:00Z"
KEY = ("payments", "fraud")
R1, R2 = "fraud-r1", "fraud-r2"
DOUBT = {"name": "doubt", "bad": {"counter": "doubtful_total"}, "total": {"counter": "scored_total"}}
GOOD = {"errors": Counts(100, 0)}, {"errors": Counts(900, 0)}


def rolling(metrics: Sequence[dict[str, Any]] = (DOUBT,), step: int = 0, weight: int = 10) -> ModelDeployment:
    spec: dict[str, Any] = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:2"},
        "rollout": {"steps": [{"weight": 10}, {"weight": 100}], "evidence": {"metrics": list(metrics)}},
    }
    candidate = {
        "revision": R2, "attempt": 1, "since": SINCE, "size": 1, "step": step, "weight": weight, "weightSince": SINCE,
    }  # fmt: skip
    status = {"stable": {"revision": R1, "since": SINCE}, "candidate": candidate}
    return parse_deployment({"metadata": {"name": "fraud", "namespace": "payments"}, "spec": spec, "status": status})


def promoted() -> ModelDeployment:
    deployment = rolling()
    status = {"stable": {"revision": R2, "since": SINCE}, "fallback": {"revision": R1, "size": 1}}
    return deployment.with_changes(status=type(deployment.status).model_validate(status))


def subject(deployment: ModelDeployment) -> Subject:
    found = subject_of(deployment)
    assert found is not None
    return found


def judged(exhibit: Exhibit, deployment: ModelDeployment) -> Verdict:
    return exhibit.verdict(settings_of(deployment, subject(deployment)))


def begun(deployment: ModelDeployment) -> Exhibit:
    return begin(subject(deployment), deployment).under((), named_in(deployment))


def answered(exhibit: Exhibit, looks: int, candidate: dict[str, Counts], stable: dict[str, Counts]) -> Exhibit:
    for _ in range(looks):
        exhibit = exhibit.after({R2: candidate, R1: stable})
    return exhibit


def test_metrics_that_are_queried_are_judged_like_those_that_pods_count() -> None:
    declined = {"name": "declined", "query": {"bad": "a{v='$revision'}", "total": "b{v='$revision'}"}}
    deployment = rolling([DOUBT, declined])
    assert named_in(deployment).keys() == {"doubt", "declined"}
    counts = (
        {"errors": Counts(100, 0), "declined": Counts(100, 40)},
        {"errors": Counts(900), "declined": Counts(900, 9)},
    )
    found = judged(answered(begun(deployment), 6, *counts), deployment)
    assert (found.kind, found.metric) == (VerdictKind.ROLL_BACK, "declined")


class TestSaturation:
    def saturated(self, looks: int, refused: int) -> Exhibit:
        exhibit = begun(rolling(()))
        for _ in range(looks):
            counts = {R2: GOOD[0], R1: GOOD[1]}
            exhibit = exhibit.under((), {}).after(counts, {R2: Counts(100 + refused, refused), R1: Counts(900, 0)})
        return exhibit

    def test_a_candidate_that_refuses_more_than_stable_is_held_and_never_sent_back(self) -> None:
        found = judged(self.saturated(60, 300), rolling(()))
        assert (found.kind, found.metric) == (VerdictKind.HOLD, "turned-away")

    def test_without_refusals_it_goes_on(self) -> None:
        assert judged(self.saturated(60, 0), rolling(())).kind is VerdictKind.ADVANCE

    def test_refusals_do_not_count_without_anybody_to_compare_with(self) -> None:
        alone = begun(rolling(())).at(subject(rolling((), 1, 100)))
        refused = {R2: Counts(50, 45), R1: Counts()}
        assert alone.after({R2: GOOD[0]}, refused) == alone.after({R2: GOOD[0]})
        watch = alone.promoted(subject(promoted()), promoted())
        assert watch.after({R2: GOOD[0]}, refused) == watch.after({R2: GOOD[0]})


class TestNamed:
    @pytest.mark.parametrize(
        ("bad", "kind", "metric"),
        [
            pytest.param(Counts(100, 10), VerdictKind.ADVANCE, "errors", id="less-than-stable"),
            pytest.param(Counts(100, 100), VerdictKind.ROLL_BACK, "doubt", id="always"),
            pytest.param(Counts(), VerdictKind.UNDECIDED, "doubt", id="not-counted"),
        ],
    )
    def test_a_candidate_is_judged_by_it_too(self, bad: Counts, kind: VerdictKind, metric: str) -> None:
        exhibit = answered(begun(rolling()), 100, {**GOOD[0], "doubt": bad}, {**GOOD[1], "doubt": Counts(900, 180)})
        found = judged(exhibit, rolling())
        assert (found.kind, found.metric) == (kind, metric)

    def test_errors_send_a_candidate_back_whatever_is_not_counted(self) -> None:
        exhibit = answered(begun(rolling()), 60, {"errors": Counts(100, 60)}, GOOD[1])
        found = judged(exhibit, rolling())
        assert (found.kind, found.metric) == (VerdictKind.ROLL_BACK, "errors")

    def test_what_stable_does_not_count_speaks_neither_for_nor_against_a_candidate(self) -> None:
        exhibit = answered(begun(rolling()), 60, {**GOOD[0], "doubt": Counts(100, 100)}, GOOD[1])
        assert judged(exhibit, rolling()).kind is VerdictKind.UNDECIDED
        watch = answered(exhibit.promoted(subject(promoted()), promoted()), 60, {"doubt": Counts(100, 100)}, {})
        assert judged(watch, promoted()).kind is VerdictKind.UNDECIDED

    @pytest.mark.parametrize(
        ("bad", "kind"),
        [
            pytest.param(100, VerdictKind.ADVANCE, id="as-bad-as-stable-was"),
            pytest.param(500, VerdictKind.ROLL_BACK, id="always"),
        ],
    )
    def test_a_candidate_alone_is_judged_by_what_stable_had(self, bad: int, kind: VerdictKind) -> None:
        compared = {**GOOD[0], "doubt": Counts(100, 20)}, {**GOOD[1], "doubt": Counts(900, 180)}
        exhibit = answered(begun(rolling()), 60, *compared).at(subject(rolling(step=1, weight=100)))
        exhibit = answered(exhibit, 60, {"errors": Counts(500, 0), "doubt": Counts(500, bad)}, {})
        assert judged(exhibit, rolling(step=1, weight=100)).kind is kind

    @pytest.mark.parametrize(
        ("bad", "kind"),
        [
            pytest.param(100, VerdictKind.ADVANCE, id="as-bad-as-stable-was"),
            pytest.param(500, VerdictKind.ROLL_BACK, id="always"),
        ],
    )
    def test_a_promoted_version_is_judged_by_what_its_predecessor_had(self, bad: int, kind: VerdictKind) -> None:
        compared = {**GOOD[0], "doubt": Counts(100, 20)}, {**GOOD[1], "doubt": Counts(900, 180)}
        exhibit = answered(begun(rolling()), 60, *compared).promoted(subject(promoted()), promoted())
        exhibit = answered(exhibit, 60, {"errors": Counts(500, 0), "doubt": Counts(500, bad)}, {})
        assert judged(exhibit, promoted()).kind is kind

    def test_other_counters_under_the_same_name_begin_afresh(self) -> None:
        exhibit = answered(begun(rolling()), 9, {"doubt": Counts(5, 5)}, {"doubt": Counts(45, 9)})
        same = exhibit.under((), named_in(rolling()))
        assert same == exhibit
        other = exhibit.under((), named_in(rolling([{**DOUBT, "bad": {"counter": "odd_total"}}])))
        assert other.evidence.metrics["doubt"] == begun(rolling()).evidence.metrics["doubt"]
        assert exhibit.under((), {}).evidence.metrics.keys() == {"errors"}

    def test_evidence_comes_back_as_it_was_and_older_evidence_is_read(self) -> None:
        exhibit = answered(begun(rolling()), 9, {"doubt": Counts(5, 5)}, {"doubt": Counts(45, 9)})
        stored = json.loads(json.dumps(exhibit.to_dict(Ledger())))
        assert restore(stored, subject(rolling()), rolling(), 1).exhibit == exhibit
        without = begun(rolling(()))
        assert "named" not in without.to_dict(Ledger())
        assert restore(without.to_dict(Ledger()), subject(rolling()), rolling(()), 1).exhibit == without


class Pods:
    """Pods of both versions that count what is doubtful, unless a version lacks it."""

    def __init__(self, lacking: str | None = None) -> None:
        self.lacking = lacking
        self.bentos: dict[str, Bento] = {}

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        at = asyncio.get_running_loop().time()
        return [PodSample(pod, at, parse(self._text(pod), pod.metrics)) for pod in pods]

    def _text(self, pod: PodTarget) -> str:
        bento = self.bentos.setdefault(pod.revision, Bento())
        bento.answer(10)
        answered = bento.requests["/predict", 200]
        counted = "" if pod.revision == self.lacking else f"doubtful_total {answered // 10}\nscored_total {answered}\n"
        return bento.text() + counted


def look(pods: Pods, looks: int = 5) -> Judged:
    """Judge both versions a few times, with their pods read before each."""

    async def scene() -> Judged:
        read = asyncio.Event()
        sources = Sources(pods, PrometheusClient())
        trials = Trials(sources, Histories(), lambda _: read.set(), asyncio.get_running_loop().time)
        found = trials.judge(KEY, rolling(), states)
        for _ in range(looks):
            read.clear()
            trials.follow(KEY, rolling(), rolling().status, Observation(states, R2))
            await read.wait()
            found = trials.judge(KEY, rolling(), states)
        trials.close()
        return found

    states = {name: state(name) for name in (R1, R2)}
    return in_virtual_time(scene())


def state(name: str) -> RevisionState:
    spec = {"deployment": "fraud", "number": 1, "image": "fraud:1", "declared": "", "template": "", "renderer": "1"}
    revision = parse_revision({"metadata": {"name": name, "namespace": "payments"}, "spec": spec})
    return RevisionState(revision, True, 1, (PodState(f"{name}-1", f"uid-{name}", "10.0.0.1", ready=True),))


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        pytest.param(R2, f"metric doubt of pod {R2}-1: there is no doubtful_total", id="candidate"),
        pytest.param(R1, "name a metric once the version that serves has it", id="stable"),
    ],
)
def test_a_counter_that_is_missing_is_said(lacking: str, words: str) -> None:
    trouble = look(Pods(lacking)).trouble
    assert trouble is not None
    assert trouble.reason == "MetricMissing"
    assert words in trouble.message


def test_counters_of_the_pods_reach_the_judge() -> None:
    found = look(Pods())
    assert found.trouble is None
    assert found.verdict is not None
    assert found.verdict.candidate.total > 0
