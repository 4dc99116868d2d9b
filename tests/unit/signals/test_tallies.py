"""Counters that others keep: every event counts once at most, whoever begins anew, comes back or is late."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.judge import CorruptEvidence, Counts
from tandem.signals.tallies import (
    MOST_COUNTERS,
    Tally,
    TallyLedger,
    fold_tallies,
    mark,
    tallies_from_dict,
    tallies_to_dict,
)

METRIC = "gateway-errors"
Said = tuple[int, int]


def tally(total: int, bad: int = 0, counter: str = "a", revision: str = "fraud-r2", *, usable: bool = True) -> Tally:
    return Tally(revision, METRIC, counter, Counts(total, bad), usable)


def counted(said: list[Said]) -> list[Said]:
    """Return what is counted of what one counter says, look by look."""
    ledger, found = TallyLedger(), []
    for total, bad in said:
        folded = fold_tallies(ledger, [tally(total, bad)])
        ledger = folded.ledger
        counts = folded.counts["fraud-r2"][METRIC]
        found.append((counts.total, counts.bad))
    return found


@pytest.mark.parametrize(
    ("case", "said", "expected"),
    [
        ("the first reading is where counting begins", [(100, 7)], [(0, 0)]),
        ("what came since", [(100, 7), (110, 9), (110, 9)], [(0, 0), (10, 2), (0, 0)]),
        ("one that begins anew", [(100, 7), (4, 1), (10, 2)], [(0, 0), (0, 0), (6, 1)]),
        ("a part that is gone and is back", [(90, 9), (5, 1), (6, 2), (99, 12)], [(0, 0), (0, 0), (1, 1), (9, 3)]),
        ("one begun anew that passes its mark", [(10, 0), (2, 0), (8, 1), (15, 1)], [(0, 0), (0, 0), (6, 1), (5, 0)]),
        ("bad ones whose total is on its way", [(10, 0), (11, 3), (13, 3)], [(0, 0), (0, 0), (3, 3)]),
        ("only the bad ones fell", [(10, 5), (12, 4), (14, 5)], [(0, 0), (0, 0), (2, 0)]),
    ],
)  # fmt: skip
def test_what_one_counter_says(case: str, said: list[Said], expected: list[Said]) -> None:
    assert counted(said) == expected, case


def test_counters_are_told_apart() -> None:
    """Two proxies count one pod; one of them has restarted."""
    ledger = fold_tallies(TallyLedger(), [tally(100, 1, "a"), tally(50, 0, "b"), tally(9, 0, "a", "fraud-r1")]).ledger
    folded = fold_tallies(ledger, [tally(110, 2, "a"), tally(3, 1, "b"), tally(10, 0, "a", "fraud-r1")])
    assert folded.counts == {"fraud-r2": {METRIC: Counts(10, 1)}, "fraud-r1": {METRIC: Counts(1, 0)}}


def test_several_looks_at_once_are_taken_in_their_order() -> None:
    folded = fold_tallies(TallyLedger(), [tally(5), tally(7, 1), tally(12, 1)])
    assert folded.counts == {"fraud-r2": {METRIC: Counts(7, 1)}}


def test_what_is_of_no_use_yet_is_where_counting_begins() -> None:
    ledger = fold_tallies(TallyLedger(), [tally(100, usable=False), tally(110, usable=False)]).ledger
    assert fold_tallies(ledger, [tally(130, 4)]).counts["fraud-r2"][METRIC] == Counts(30, 4)


def test_a_revision_that_is_gone_is_forgotten() -> None:
    ledger = fold_tallies(TallyLedger(), [tally(100), tally(100, revision="fraud-r1")]).ledger
    assert fold_tallies(ledger, [], {"fraud-r2"}).ledger.stands.keys() == {"fraud-r2"}


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    many = [tally(1, counter=str(number)) for number in range(MOST_COUNTERS)]
    ledger = fold_tallies(TallyLedger(), [*many, tally(1, counter="0"), tally(1, counter="new")]).ledger
    known = ledger.stands["fraud-r2"][METRIC]
    assert len(known) == MOST_COUNTERS
    assert "1" not in known and {"0", "new"} <= known.keys()


def test_it_is_beside_what_the_pods_counted() -> None:
    folded = fold_tallies(TallyLedger(), [tally(1), tally(3, 2)])
    pods = {"fraud-r1": {"errors": Counts(9)}, "fraud-r2": {"errors": Counts(3)}}
    assert folded.beside(pods) == {**pods, "fraud-r2": {"errors": Counts(3), METRIC: Counts(2, 2)}}
    assert pods["fraud-r2"] == {"errors": Counts(3)}


pairs = st.tuples(st.integers(0, 300), st.integers(0, 300)).map(lambda pair: (pair[0] + pair[1], pair[1]))


@given(st.lists(pairs, min_size=1, max_size=30))
def test_never_more_is_counted_than_the_counter_ever_rose(said: list[Said]) -> None:
    found = counted(said)
    rises = sum(max(now[0] - then[0], 0) for then, now in pairwise(said))
    assert sum(total for total, _ in found) <= rises
    assert all(0 <= bad <= total for total, bad in found)


@given(st.lists(st.tuples(pairs, st.sampled_from("abc")), max_size=20))
def test_it_survives_a_restart_of_the_operator(said: list[tuple[Said, str]]) -> None:
    ledger = fold_tallies(TallyLedger(), [tally(*pair, counter=counter) for pair, counter in said]).ledger
    assert tallies_from_dict(tallies_to_dict(ledger)) == ledger


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {"format": 2, "stands": {}},
        {"format": 1, "stands": {"fraud-r2": {METRIC: {"a": [1, 0, 1]}}}},
        {"format": 1, "stands": {"fraud-r2": {METRIC: {"a": [1, 2, 1, 2]}}}},
        {"format": 1, "stands": {"fraud-r2": {METRIC: {"a": [5, 0, 1, 0]}}}},
        {"format": 1, "stands": {"fraud-r2": {METRIC: {"a": [1, 0, 1, -1]}}}},
        {"format": 1, "stands": {"fraud-r2": {METRIC: []}}},
    ],
)
def test_what_is_corrupt_is_not_believed(stored: object) -> None:
    with pytest.raises(CorruptEvidence):
        tallies_from_dict(stored)


def test_a_mark_tells_apart_and_tells_nothing() -> None:
    assert mark("a", "bc") != mark("ab", "c")
    assert "payments" not in mark("payments")
