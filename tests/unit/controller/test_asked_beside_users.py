"""A trial goes on while Tandem asks some of the pods: what these count is left out, what the gateway counts is not."""

from tandem.controller.trials import Judged
from tandem.judge import VerdictKind
from tests.unit.controller.story import CANDIDATE
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


def test_the_gateway_sees_users_only_and_sends_a_bad_version_back_meanwhile() -> None:
    async def run() -> Judged:
        trial = Story()
        trial.asked = frozenset({f"uid-{CANDIDATE}"})
        return await told(trial, 12, 50, lost=20)

    judged = in_virtual_time(run())
    assert judged.verdict is not None and judged.verdict.kind is VerdictKind.ROLL_BACK
