"""History: what is learned of stable before a rollout, and what difference it makes."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.judge import (
    RULES,
    CorruptEvidence,
    Counts,
    Evidence,
    History,
    HistoryBatch,
    Increment,
    MetricHistory,
    Settings,
    VerdictKind,
    add,
    add_history,
    add_history_batch,
    empty,
    next_step,
    states,
    verdict,
)

ALLOWED = {"errors": 0.01}


@st.composite
def any_counts(draw: st.DrawFn) -> Counts:
    total = draw(st.integers(0, 3000))
    return Counts(total, draw(st.integers(0, total)))


any_looks = st.lists(st.dictionaries(st.sampled_from(["errors", "latency-p99-1s"]), any_counts()), max_size=30)


def history_of(looks: list[dict[str, Counts]]) -> History:
    history = History()
    for look in looks:
        history = add_history(history, look)
    return history


def learnt(bursts_every: int, looks: int = 800) -> History:
    """A history of 45 requests a look, of which 20 fail now and then."""
    return history_of([{"errors": Counts(45, 20 if look % bursts_every == 3 else 0)} for look in range(looks)])


def factor(metric: MetricHistory) -> float:
    return float(states.dispersion_factor(np.array(metric.dispersion), RULES))


@settings(deadline=None, max_examples=30)
@given(any_looks)
def test_comes_back_equal_from_json(looks: list[dict[str, Counts]]) -> None:
    history = history_of(looks)
    assert History.from_dict(json.loads(json.dumps(history.to_dict(), allow_nan=False))) == history


def test_evidence_after_a_history_of_nothing_but_bad_answers_comes_back_from_json() -> None:
    history = History()
    for look in range(89):
        history = add_history(history, {"errors": Counts(101 + look % 7, 101 + look % 7)})
        evidence = empty(ALLOWED, history)
        assert Evidence.from_dict(evidence.to_dict()) == evidence


@settings(deadline=None, max_examples=30)
@given(any_looks)
def test_counts_every_request_once_and_nothing_changes_without_any(looks: list[dict[str, Counts]]) -> None:
    history = history_of(looks)
    for name, metric in history.metrics.items():
        assert metric.counts.total == sum(look.get(name, Counts()).total for look in looks)
        assert 1.0 <= factor(metric) <= RULES.largest_dispersion
    assert add_history(history, {"errors": Counts(), "new": Counts()}) == history


def test_many_at_once_learn_the_same() -> None:
    rng = np.random.default_rng(61)
    batch, alone = HistoryBatch.begin(2, 1), [History(), History()]
    for _ in range(40):
        total = rng.poisson(8, (2, 1))
        bad = rng.binomial(total, 0.2)
        batch = add_history_batch(batch, total, bad)
        alone = [
            add_history(one, {"errors": Counts(int(total[row, 0]), int(bad[row, 0]))}) for row, one in enumerate(alone)
        ]
    for row, one in enumerate(alone):
        np.testing.assert_allclose(batch.dispersion[row, 0], one.metrics["errors"].dispersion)
        assert batch.blocks[row, 0] == one.metrics["errors"].blocks


def test_bursts_are_learned_and_independent_errors_are_none() -> None:
    assert factor(learnt(bursts_every=40).metrics["errors"]) > 5.0
    rng = np.random.default_rng(62)
    independent = history_of([{"errors": Counts(45, int(bad))} for bad in rng.binomial(45, 0.02, 1000)])
    assert factor(independent.metrics["errors"]) < 1.6


def test_bursts_that_last_for_many_looks_are_learned_in_the_rollout_from_longer_sums() -> None:
    rng = np.random.default_rng(63)
    bad = np.where(np.arange(1500) % 150 < 15, rng.binomial(45, 0.05, 1500), 0)
    state = np.array(states.DISPERSION)
    for one in bad:
        state = states.dispersion_after(state, 45, int(one))
    each_look_alone = np.var(bad) / np.mean(bad)
    assert states.dispersion_factor(state, RULES) > 2.0 * each_look_alone


BLOCKS_AN_HOUR = 360


def hour(shares: np.ndarray, stables: int = 40) -> np.ndarray:
    """The factors after an hour of 9,000 requests a look, of which these shares are bad."""
    rng = np.random.default_rng(65)
    batch = HistoryBatch.begin(stables, 1)
    for share in shares:
        batch = add_history_batch(batch, 9000, rng.binomial(9000, share, (stables, 1)))
    found: np.ndarray = states.dispersion_factor(batch.dispersion, RULES)[:, 0]
    return found


class TestWhatHappensAgainAndAgain:
    def test_spells_that_recur_count_in_full_however_long_a_look_is(self) -> None:
        shares = np.where(np.arange(BLOCKS_AN_HOUR) % 60 < 2, 0.05, 0.003)
        assert np.median(hour(shares)) > 50.0

    def test_one_outage_is_no_habit(self) -> None:
        shares = np.where(np.abs(np.arange(BLOCKS_AN_HOUR) - 220) < 6, 0.3, 0.003)
        assert np.median(hour(shares)) < 2.0

    def test_before_half_an_hour_has_gone_nobody_knows_which_it_was(self) -> None:
        shares = np.where(np.abs(np.arange(150) - 100) < 6, 0.3, 0.003)
        assert np.median(hour(shares)) > 50.0

    def test_only_the_last_hour_counts(self) -> None:
        spells = np.where(np.arange(BLOCKS_AN_HOUR) % 60 < 2, 0.05, 0.003)
        quiet = np.full(BLOCKS_AN_HOUR, 0.003)
        assert np.median(hour(np.concatenate([spells, quiet]))) < 2.0


def test_independent_errors_are_divided_by_hardly_more_than_one() -> None:
    factors = hour(np.full(BLOCKS_AN_HOUR, 0.005), stables=200)
    assert np.mean(factors) < 1.15


def test_a_level_that_drifts_is_no_burst() -> None:
    rng = np.random.default_rng(64)
    cycle = 240  # blocks of ten seconds in 40 minutes
    level = 0.01 * 2.0 ** np.sin(2.0 * np.pi * np.arange(3 * cycle) / cycle)
    batch = HistoryBatch.begin(20, 1)
    for share in level:
        batch = add_history_batch(batch, 9000, rng.binomial(9000, share, (20, 1)))
    assert np.median(states.dispersion_factor(batch.dispersion, RULES)) < 1.5


class TestARolloutThatBeginsWithIt:
    def test_knows_that_bursts_are_no_evidence(self) -> None:
        burst = {"errors": Increment(Counts(5, 5), Counts(45, 0))}
        knowing = add(add(empty(ALLOWED, learnt(bursts_every=40)), burst), burst)
        unknowing = add(add(empty(ALLOWED), burst), burst)
        assert verdict(unknowing, Settings()).e_value > 10.0 * verdict(knowing, Settings()).e_value

    def test_passes_sooner_where_stable_has_none(self) -> None:
        quiet = {"errors": Increment(Counts(5, 0), Counts(45, 0))}
        known, unknown = empty(ALLOWED, history_of([{"errors": Counts(45, 0)}] * 400)), empty(ALLOWED)
        for _ in range(150):
            known, unknown = add(known, quiet), add(unknown, quiet)
        assert verdict(known, Settings(next_share=0.5)).kind is VerdictKind.ADVANCE
        assert verdict(known, Settings(next_share=0.5)).warmed
        assert verdict(unknown, Settings(next_share=0.5)).kind is VerdictKind.UNDECIDED
        assert next_step(known).metrics["errors"].warmed

    def test_without_any_errors_its_caution_stays_what_it_was(self) -> None:
        state = np.array(states.DISPERSION)
        for _ in range(4000):
            state = states.dispersion_after(state, 45, 0)
        assert states.passing_factor(state, np.array(False), RULES) == pytest.approx(RULES.cold_dispersion)
        assert states.passing_factor(state, np.array(True), RULES) == pytest.approx(1.0)

    def test_a_short_one_is_used_but_not_relied_on(self) -> None:
        short = learnt(bursts_every=40, looks=100)
        begun = empty(ALLOWED, short)
        assert begun.metrics["errors"].dispersion == short.metrics["errors"].dispersion
        assert not begun.metrics["errors"].warmed

    def test_it_survives_being_stored_with_the_evidence(self) -> None:
        evidence = empty(ALLOWED, learnt(bursts_every=40))
        assert evidence.metrics["errors"].warmed
        assert Evidence.from_dict(json.loads(json.dumps(evidence.to_dict()))) == evidence


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), 1),
        (("history",), None),
        (("history", "errors"), []),
        (("history", "errors", "counts"), [-1, 0]),
        (("history", "errors", "counts"), [1, 2]),
        (("history", "errors", "blocks"), 1.5),
        (("history", "errors", "pending"), [1, 2]),
        (("history", "errors", "running"), [1.0]),
        (("history", "errors", "running"), [0.0] * 27),
        (("history", "errors", "earlier"), [0.0] * 17),
        (("history", "errors", "earlier"), [-1.0, 5.0] * 9),
        (("history", "errors", "earlier"), [5.0, 0.0] * 9),
        (("history", "errors", "more"), 1),
    ],
)
def test_what_it_cannot_have_written_is_refused(path: tuple[str, ...], value: object) -> None:
    data: Any = history_of([{"errors": Counts(45, 1)}]).to_dict()
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(CorruptEvidence, match="discarded"):
        History.from_dict(data)
