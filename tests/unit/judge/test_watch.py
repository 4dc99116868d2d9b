"""The watch window: nobody to compare with, so a stall must not look like a version that turned slow."""

import pytest

from tandem.judge import (
    Counts,
    Increment,
    Settings,
    VerdictKind,
    add,
    add_watch,
    empty,
    watch_evidence,
    watch_verdict,
)

LATENCY = "latency-p99-750ms"
LOOK = 25
"""Requests in half a second."""


@pytest.mark.parametrize(
    ("metric", "bad_looks", "expected"),
    [
        (LATENCY, 4, False),  # two seconds: the machine was busy
        (LATENCY, 40, True),  # twenty seconds: the version is slow
        ("errors", 8, True),  # an answer of 5xx is no matter of load
    ],
)
def test_how_long_it_must_be_bad(metric: str, bad_looks: int, expected: bool) -> None:
    evidence = empty({"errors": 0.01, LATENCY: 0.01})
    good = Increment(Counts(100, 0), Counts(900, 2))
    evidence = add(evidence, {"errors": good, LATENCY: good})
    watched = watch_evidence(evidence)
    for _ in range(20):
        watched = add_watch(watched, {"errors": Counts(LOOK, 0), LATENCY: Counts(LOOK, 0)})
    for _ in range(bad_looks):
        bad = {name: Counts(LOOK, 20 if name == metric else 0) for name in ("errors", LATENCY)}
        watched = add_watch(watched, bad)
    assert (watch_verdict(watched, Settings()).kind is VerdictKind.ROLL_BACK) is expected
