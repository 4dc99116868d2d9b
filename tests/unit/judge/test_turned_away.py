"""Requests that a busy version turns away: a reason to hold it, never one to send it back."""

from tandem.judge import (
    TURNED_AWAY,
    Counts,
    Evidence,
    History,
    Increment,
    MetricHistory,
    Settings,
    VerdictKind,
    add,
    empty,
    next_step,
    verdict,
    watch_evidence,
)

SETTINGS = Settings(next_share=0.5)
WARMED = empty({"errors": 0.01}, History({"errors": MetricHistory(counts=Counts(20_000, 40), blocks=400)}))


def looks(number: int, refused: int, refused_by_stable: int = 0, start: Evidence = WARMED) -> Evidence:
    evidence = start
    for _ in range(number):
        evidence = add(
            evidence,
            {
                "errors": Increment(Counts(5, 0), Counts(45, 0)),
                TURNED_AWAY: Increment(Counts(5 + refused, refused), Counts(45 + refused_by_stable, refused_by_stable)),
            },
        )
    return evidence


def test_a_candidate_that_refuses_more_than_stable_is_held_and_never_sent_back() -> None:
    found = verdict(looks(150, refused=5), SETTINGS)
    assert found.kind is VerdictKind.HOLD
    assert found.metric == TURNED_AWAY
    assert found.sentence == (
        "in this step candidate turned away (429) 750 of 1,500 requests, stable none of 6,750: "
        "it is busier than stable, and with a larger share it would turn away more"
    )


def test_one_that_refuses_as_often_as_stable_goes_on() -> None:
    assert verdict(looks(150, refused=1, refused_by_stable=9), SETTINGS).kind is VerdictKind.ADVANCE


def test_it_goes_on_once_it_refuses_none_any_more() -> None:
    busy = looks(20, refused=5)
    assert verdict(busy, SETTINGS).kind is VerdictKind.HOLD
    assert verdict(looks(150, refused=0, start=busy), SETTINGS).kind is VerdictKind.ADVANCE


def test_another_step_does_not_forget_at_once_that_it_was_busy() -> None:
    assert verdict(next_step(looks(20, refused=5)), SETTINGS).kind is VerdictKind.HOLD


def test_failing_is_still_worse_than_being_busy() -> None:
    evidence = looks(20, refused=5)
    for _ in range(10):
        evidence = add(evidence, {"errors": Increment(Counts(5, 4), Counts(45, 0))})
    found = verdict(evidence, SETTINGS)
    assert found.kind is VerdictKind.ROLL_BACK
    assert found.metric == "errors"


def test_it_changes_nothing_in_the_evidence_of_other_metrics() -> None:
    alone = WARMED
    for _ in range(10):
        alone = add(alone, {"errors": Increment(Counts(5, 1), Counts(45, 0))})
    both = alone
    both = add(both, {TURNED_AWAY: Increment(Counts(5, 0), Counts(45, 0))})
    assert verdict(both, SETTINGS) == verdict(alone, SETTINGS)


def test_alone_it_says_nothing() -> None:
    evidence = add(empty(), {TURNED_AWAY: Increment(Counts(50, 50), Counts(450, 0))})
    assert verdict(evidence, SETTINGS).kind is VerdictKind.UNDECIDED


def test_the_watch_window_does_not_know_it() -> None:
    assert set(watch_evidence(looks(5, refused=5), {TURNED_AWAY: 0.01}).metrics) == {"errors"}
