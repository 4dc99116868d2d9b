"""A version goes by what it declares itself, whatever the spec says by now: what is told of it, and its deadlines."""

import pytest

from tests.unit.rollout.situations import R1, R2, outcome, serving, started, watching
from tests.unit.rollout.world import World


def _started(old: str, new: str) -> World:
    """b is made and about to start; both versions declare something besides their image."""
    world = serving()
    world.declare(version="b")
    world.round()
    world.revisions[R1].declared, world.revisions[R2].declared = old, new
    return world


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        pytest.param("{}", "{}", "", id="the image only"),
        pytest.param(
            "serving.timeout: 60", "serving.timeout: 90", "; also changed: serving.timeout: 60 -> 90", id="the timeout"
        ),
        pytest.param(
            "model.env: {TOKEN: hunter2}",
            "model.env: {TOKEN: hunter3}",
            "; also changed: model.env: TOKEN changed",
            id="what may be private",
        ),
    ],
)
def test_a_start_says_what_the_version_changes(old: str, new: str, changed: str) -> None:
    world = _started(old, new)
    decision = world.round().decision
    assert [(item.reason, item.message) for item in decision.happenings] == [
        ("Started", f"{R2} (b) is the candidate; {R1} (a) keeps serving{changed}")
    ]
    assert decision.revisions[R2].message == f"attempt 1 began{changed}"


def test_a_new_configuration_of_the_same_image_is_told_as_such() -> None:
    world = _started("serving.timeout: 60", "serving.timeout: 90")
    world.revisions[R2].image = world.version = "a"
    (told,) = world.round().decision.happenings
    assert told.message == f"{R2} (a) is the candidate; {R1} (a) keeps serving; changed: serving.timeout: 60 -> 90"


@pytest.mark.parametrize(
    ("declared", "longest"),
    [
        pytest.param("{}", 60, id="BentoML's own timeout"),
        pytest.param("serving.timeout: 300", 300, id="longer than the spec's"),
        pytest.param("serving.timeout: 10", 10, id="shorter than the spec's"),
    ],
)
def test_a_version_that_goes_keeps_its_own_time_for_its_last_requests(declared: str, longest: int) -> None:
    world = watching()
    world.revisions[R1].declared = declared
    world.pass_time(600)
    assert outcome(world.round(), "fallback", "replicas") == {"fallback": None, "replicas": {R1: 2, R2: 2}}
    world.round()
    world.pass_time(longest + 14)
    assert outcome(world.round(), "replicas") == {"replicas": {R1: 2, R2: 2}}
    world.pass_time(1)
    assert outcome(world.round(), "replicas") == {"replicas": {R1: 0, R2: 2}}


@pytest.mark.parametrize(
    ("declared", "deadline"),
    [
        pytest.param("{}", 180, id="the default"),
        pytest.param("serving.startup.deadline: 600", 600, id="longer than the spec's"),
        pytest.param("serving.startup.deadline: 30.5", 31, id="shorter than the spec's"),
    ],
)
def test_a_version_has_its_own_time_to_start(declared: str, deadline: int) -> None:
    world = started()
    world.revisions[R2].declared = declared
    world.make_unready(world.pods(R2))
    world.pass_time(deadline - 1)
    assert outcome(world.round(), "candidate", "rejected") == {"candidate": R2, "rejected": None}
    world.pass_time(1)
    assert outcome(world.round(), "candidate", "rejected") == {"candidate": None, "rejected": (R2, "NotReadyInTime")}


@pytest.mark.parametrize("seconds", [pytest.param(4e11, id="beyond the calendar"), pytest.param(1e30, id="any number")])
def test_a_declared_time_of_any_length_ends_no_decision(seconds: float) -> None:
    """Neither a version that starts nor one that goes takes others with it."""
    world = watching()
    for revision in world.revisions.values():
        revision.declared = f"{{serving.timeout: {seconds:.0f}, serving.startup.deadline: {seconds:.0f}}}"
    world.pass_time(600)
    assert outcome(world.round(), "fallback") == {"fallback": None}
    world.order(R2, "Rollback", "back")
    world.declare(version="c")
    world.make_unready(world.pods(R1))
    for _ in range(3):
        world.pass_time(60)
        assert outcome(world.round(), "stable", "candidate") == {"stable": R2, "candidate": R1}
        world.kubelet()
        world.make_unready(world.pods(R1))
