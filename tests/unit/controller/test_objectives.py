"""Last hours of the versions that serve: who is reconciled when, and what is forgotten."""

from tandem.controller.objectives import Objectives
from tandem.judge import Counts

KEY, SHARES = ("payments", "fraud"), {"errors": 0.01}


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_reconcile_is_asked_for_when_an_objective_is_missed_and_when_it_is_kept_again() -> None:
    clock, asked = Time(), list[float]()
    objectives = Objectives(lambda _: asked.append(clock.now), clock)
    objectives.note(KEY, "fraud-r1", {"errors": Counts()})
    objectives.seen(KEY, SHARES)
    for minute in range(200):
        clock.now = 60.0 * minute
        bad = 10 if 50 <= minute < 60 else 0
        objectives.note(KEY, "fraud-r1", {"errors": Counts(100, bad)})
        objectives.seen(KEY, SHARES)
    missed, kept = asked
    assert 50 <= missed / 60 < 60
    assert 60 + 50 <= kept / 60 <= 60 + 60
    assert objectives.seen(("payments", "other"), SHARES) is None


def test_what_was_counted_of_another_version_is_not_held_against_this_one() -> None:
    clock = Time()
    objectives = Objectives(clock=clock)
    objectives.note(KEY, "fraud-r1", {"errors": Counts(100, 100)})
    clock.now = 100.0
    objectives.note(KEY, "fraud-r2", {"errors": Counts(50)}, ("latency-p99-150ms",))
    clock.now = 130.0
    objectives.note(KEY, "fraud-r2", {})  # it could not be read
    seen = objectives.seen(KEY, SHARES)
    assert seen is not None
    assert (seen.revision, seen.hour, seen.lately) == ("fraud-r2", {"errors": Counts(50)}, {"errors": Counts(50)})
    assert (seen.seconds, seen.silent, seen.edgeless) == (30.0, 30.0, ("latency-p99-150ms",))
    objectives.forget(KEY)
    assert objectives.seen(KEY, SHARES) is None
