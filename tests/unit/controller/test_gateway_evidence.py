"""What the gateway counts: sends back a version whose own counters look clean, and is waited for by nobody."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment
from tandem.controller.exhibits import allowed_shares, begin, subject_of
from tandem.controller.history import Histories
from tandem.controller.reader import UNREADABLE_TIMES
from tandem.controller.trials import Judged
from tandem.judge import Counts, History, VerdictKind, add_history
from tandem.rollout.pace import PARTLY_HAD
from tandem.signals import Flaw, PodCounters, PodSample, PodTarget, Unreadable
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.sources import Sources
from tandem.signals.tallies import GATEWAY_ERRORS, Tally, TallyLook, TallySource
from tests.unit.controller import story
from tests.unit.controller.story import CANDIDATE, KEY, STABLE, declared
from tests.unit.controller.virtual_time import in_virtual_time

GATEWAY: dict[str, Any] = {"envoy": {}}


@dataclass
class Pods:
    """Pods whose own counters are clean."""

    answered: int = 0

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        at = asyncio.get_running_loop().time()
        return [PodSample(pod, at, PodCounters({("/predict", 200): self.answered})) for pod in pods]


@dataclass(eq=False)
class Gateway:
    """A gateway that says how many of the requests to each version went wrong."""

    counts: dict[str, Counts] = field(default_factory=dict)
    down: bool = False
    looks: int = 0

    async def read(self, pods: Sequence[PodTarget]) -> TallyLook:
        self.looks += 1
        if self.down:
            return TallyLook(trouble=Flaw("GatewayUnreadable", "the gateway says nothing"))
        return TallyLook(
            tuple(
                Tally(pod.revision, GATEWAY_ERRORS, pod.uid, self.counts.get(pod.revision, Counts(0, 0)))
                for pod in pods
            )
        )


class Both(Sources):
    """The pods and the gateway."""

    def __init__(self, pods: Pods, gateway: Gateway) -> None:
        super().__init__(pods, PrometheusClient())
        self._gateway = gateway

    def tallies(self, deployment: ModelDeployment) -> tuple[TallySource, ...]:
        return (self._gateway,) if deployment.spec.rollout.evidence.gateway is not None else ()


def watched(gateway: dict[str, Any] | None = GATEWAY, requirements: dict[str, Any] | None = None) -> ModelDeployment:
    return declared({"gateway": gateway} if gateway is not None else {}, requirements or {})


class Story(story.Story):
    """A rollout beside which the gateway counts."""

    def __init__(self, gateway: dict[str, Any] | None = GATEWAY) -> None:
        self.pods, self.gateway, self._declared = Pods(), Gateway(), watched(gateway)
        super().__init__(Both(self.pods, self.gateway))

    def deployment(self) -> ModelDeployment:
        return self._declared

    async def answer(self, number: int, lost: int = 0) -> Judged:
        """Have every pod answer requests, and the gateway lose some of the candidate's."""
        self.pods.answered += number
        before = self.gateway.counts
        self.gateway.counts = {
            STABLE: before.get(STABLE, Counts()) + Counts(number, 0),
            CANDIDATE: before.get(CANDIDATE, Counts()) + Counts(number, lost),
        }
        return await self.look()


async def told(trial: Story, looks: int, number: int, lost: int = 0) -> Judged:
    judged = await trial.look()
    for _ in range(looks):
        judged = await trial.answer(number, lost)
    trial.trials.close()
    return judged


def test_a_version_whose_own_counters_are_clean_is_sent_back() -> None:
    async def run() -> Judged:
        return await told(Story(), 12, 50, lost=20)

    verdict = in_virtual_time(run()).verdict
    assert verdict is not None
    assert (verdict.kind, verdict.metric) == (VerdictKind.ROLL_BACK, "gateway-errors")
    assert verdict.sentence.startswith("candidate had no answer or a 5xx at the gateway for ")


def test_where_it_is_not_declared_it_costs_nothing() -> None:
    async def run() -> Judged:
        return await told(Story(gateway=None), 12, 50, lost=20)

    judged = in_virtual_time(run())
    assert judged.verdict is not None
    assert judged.verdict.kind is not VerdictKind.ROLL_BACK


def test_a_good_version_passes_by_both() -> None:
    async def run() -> Judged:
        return await told(Story(), 40, 50)

    judged = in_virtual_time(run())
    assert judged.verdict is not None and judged.trouble is None
    assert judged.verdict.kind is VerdictKind.ADVANCE


def test_a_gateway_that_cannot_be_read_is_said_and_keeps_nobody() -> None:
    async def run() -> list[Judged]:
        trial = Story()
        trial.gateway.down = True
        first = await trial.look(times=UNREADABLE_TIMES - 1)
        return [first, await told(trial, 40, 50)]

    passing, lasting = in_virtual_time(run())
    assert passing.trouble is None
    assert lasting.trouble is not None and lasting.verdict is not None
    assert (lasting.trouble.reason, lasting.trouble.message) == ("GatewayUnreadable", "the gateway says nothing")
    assert lasting.trouble.reason in PARTLY_HAD
    assert lasting.verdict.kind is VerdictKind.ADVANCE


def test_what_it_said_against_a_version_stays_when_it_falls_silent() -> None:
    async def run() -> list[Judged]:
        trial = Story()
        bad = await trial.look()
        for _ in range(12):
            bad = await trial.answer(50, lost=20)
        trial.gateway.down = True
        silent = await told(trial, 40, 50)
        return [bad, silent]

    for judged in in_virtual_time(run()):
        assert judged.verdict is not None
        assert judged.verdict.kind is VerdictKind.ROLL_BACK


def test_a_crash_of_the_operator_loses_and_doubles_nothing() -> None:
    async def run() -> list[tuple[int, int]]:
        trial, found = Story(), []
        await trial.look()
        for _ in range(3):
            judged = await trial.answer(50, lost=20)
            assert judged.verdict is not None
            found.append((judged.verdict.candidate.total, judged.verdict.candidate.bad))
            trial.crash()
        trial.trials.close()
        return found

    assert in_virtual_time(run()) == [(50, 20), (100, 40), (150, 60)]


def test_stables_history_at_the_gateway_is_learned_too() -> None:
    async def run() -> History:
        histories, gateway, pods = Histories(), Gateway(), Pods()
        target = PodTarget("payments", "fraud-r1-a", "uid", 0, STABLE, "10.0.0.1")
        histories.learn(KEY, STABLE, pods, [target], {}, (gateway,))
        task = asyncio.create_task(histories.run())
        for _ in range(5):
            await asyncio.sleep(10.0)
            pods.answered += 100
            gateway.counts = {STABLE: gateway.counts.get(STABLE, Counts()) + Counts(100, 1)}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return histories.of(KEY, STABLE)

    history = in_virtual_time(run())
    assert history.metrics.keys() == {"errors", GATEWAY_ERRORS}


@pytest.mark.parametrize("requirements", [{}, {"availability": "99.9%"}], ids=["no-objective", "objective"])
def test_a_rollout_begins_with_what_was_learned_of_stable(requirements: dict[str, Any]) -> None:
    history = History()
    for _ in range(100):
        history = add_history(history, {name: Counts(1000, 1) for name in ("errors", GATEWAY_ERRORS)})
    deployment = watched(requirements=requirements)
    subject = subject_of(deployment)
    assert subject is not None
    evidence = begin(subject, deployment, history).evidence
    assert {name: getattr(metric, "warmed", None) for name, metric in evidence.metrics.items()} == {
        "errors": True,
        GATEWAY_ERRORS: True,
    }


def test_the_declared_availability_is_what_callers_see() -> None:
    shares = allowed_shares(watched(requirements={"availability": "99.9%"}))
    assert shares == {"errors": pytest.approx(0.001), GATEWAY_ERRORS: pytest.approx(0.001)}
    assert GATEWAY_ERRORS not in allowed_shares(watched(None, {"availability": "99.9%"}))
