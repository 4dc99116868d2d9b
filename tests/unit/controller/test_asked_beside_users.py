"""A trial goes on while Tandem asks some of the pods: what these count is left out, what the gateway counts is not."""

import asyncio
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment
from tandem.api.quality import Quality
from tandem.controller.left_out import PROMETHEUS_LAG, asked_as_versions
from tandem.controller.trials import Judged
from tandem.judge import VerdictKind
from tests.unit.controller import test_evidence_sources as evidence_sources
from tests.unit.controller.story import CANDIDATE, STABLE
from tests.unit.controller.test_gateway_evidence import Story, told
from tests.unit.controller.virtual_time import in_virtual_time


def counted(*asked: bool) -> int:
    """Return how many requests of the candidate's counted, ten at each look, its pod being asked at some."""

    async def run() -> int:
        trial = Story(gateway=None)
        judged = await trial.look()
        for is_asked in asked:
            trial.asked = frozenset({f"uid-{CANDIDATE}"} if is_asked else ())
            judged = await trial.answer(10)
        trial.trials.close()
        assert judged.verdict is not None
        return judged.verdict.candidate.total

    return in_virtual_time(run())


def test_what_a_pod_counts_while_it_is_asked_is_no_evidence() -> None:
    assert counted(False, False, False, False, False) == 50
    assert counted(False, True, True, False, False) == 20, "nor what it counted until it was read once more"


def test_what_was_read_before_the_last_question_does_not_end_it() -> None:
    async def run() -> int:
        trial = Story(gateway=None)
        await trial.look()
        trial.asked = frozenset({f"uid-{CANDIDATE}"})
        await trial.answer(10)
        await trial.read()
        trial.asked = frozenset()
        trial.judge()
        judged = await trial.answer(10)
        trial.trials.close()
        assert judged.verdict is not None
        return judged.verdict.candidate.total

    assert in_virtual_time(run()) == 0, "the last of these ten may have been Tandem's"


def test_the_gateway_sees_users_only_and_sends_a_bad_version_back_meanwhile() -> None:
    async def run() -> Judged:
        trial = Story()
        trial.asked = frozenset({f"uid-{CANDIDATE}"})
        return await told(trial, 12, 50, lost=20)

    judged = in_virtual_time(run())
    assert judged.verdict is not None and judged.verdict.kind is VerdictKind.ROLL_BACK


class Examined(evidence_sources.Story):
    """A rollout whose candidate is asked all questions before its first request."""

    quality: dict[str, Any] | None = {"path": "/predict"}
    candidate_asked = stable_asked = False

    def deployment(self) -> ModelDeployment:
        made = super().deployment()
        stable, candidate = made.status.stable, made.status.candidate
        assert stable is not None and candidate is not None
        status = made.status.with_changes(
            stable=stable.with_changes(asked_since=stable.since if self.stable_asked else None),
            candidate=candidate.with_changes(asked_since=candidate.since if self.candidate_asked else None),
        )
        quality = Quality.model_validate(self.quality) if self.quality is not None else None
        return made.with_changes(status=status, spec=made.spec.with_changes(quality=quality))


def test_the_last_questions_are_no_evidence_where_a_prometheus_is_behind_and_users_later_requests_are() -> None:
    async def run() -> list[int]:
        trial, found = Examined(), []
        trial.source = evidence_sources.PROMETHEUS
        trial.candidate_asked = True
        await trial.look()
        await trial.answer(trial.prometheus, 500)
        trial.candidate_asked = False
        await trial.look()
        found.append(evidence_sources.counted(await trial.answer(trial.prometheus, 700)))
        await asyncio.sleep(PROMETHEUS_LAG)
        await trial.look(times=2)
        found.append(evidence_sources.counted(await trial.answer(trial.prometheus, 30)))
        trial.trials.close()
        return found

    assert in_virtual_time(run()) == [0, 30]


COMPARED = {"path": "/predict", "compare": {"maxChanged": "1%"}}


@pytest.mark.parametrize(
    ("quality", "candidate", "stable", "asked"),
    [
        ({"path": "/predict"}, False, False, set()),
        ({"path": "/predict"}, True, False, {CANDIDATE}),
        (COMPARED, True, False, {CANDIDATE, STABLE}),
        (COMPARED, False, True, {STABLE}),
        (None, True, True, set()),
    ],
)
def test_the_pods_of_which_versions_are_asked(
    quality: dict[str, Any] | None, candidate: bool, stable: bool, asked: set[str]
) -> None:
    async def run() -> frozenset[str]:
        trial = Examined()
        trial.quality, trial.candidate_asked, trial.stable_asked = quality, candidate, stable
        return asked_as_versions(trial.deployment(), trial.states())

    assert in_virtual_time(run()) == {f"uid-{name}" for name in asked}
