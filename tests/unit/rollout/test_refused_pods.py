"""Pods that a quota refuses: Kubernetes tries again ever more seldom, so Tandem asks for it."""

import pytest

from tests.unit.rollout.situations import R2, decided, started
from tests.unit.rollout.world import trouble


@pytest.mark.parametrize(
    ("reason", "nudged"),
    [("QuotaExceeded", (R2,)), ("PodsRefused", (R2,)), ("Unschedulable", ())],
)
def test_only_pods_that_were_refused_are_tried_again(reason: str, nudged: tuple[str, ...]) -> None:
    world = started()
    for pod in world.pods():
        if not pod.ready:
            pod.trouble = trouble(reason)
    assert decided(world).decision.desired.nudge == nudged


def test_nothing_is_tried_again_once_the_pods_are_there() -> None:
    world = started()
    world.make_ready(world.pods())
    assert decided(world).decision.desired.nudge == ()
