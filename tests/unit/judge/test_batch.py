"""Many rollouts at once: the same numbers as one by one, and e-values that keep their promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.judge import (
    GATES,
    KINDS,
    RULES,
    STALL_CAP,
    Batch,
    Counts,
    Increment,
    Rules,
    Settings,
    WatchBatch,
    add,
    add_batch,
    add_watch,
    add_watch_batch,
    empty,
    judge_batch,
    judge_watch_batch,
    next_step,
    next_step_batch,
    verdict,
    watch_evidence,
    watch_verdict,
)
from tandem.judge.batch import pass_stakes
from tandem.judge.gates import Array, Integers

NAMES = ("errors", "latency-p99-250ms")
ALLOWED = (0.001, 0.01)
ROLLOUTS = 3
SETTINGS = Settings(next_share=0.5)


def traffic(seed: int, ticks: int) -> Integers:
    """Random counts, (ticks, rollouts, metrics, 4): some ticks without stable, some without any requests."""
    rng = np.random.default_rng(seed)
    shape = (ticks, ROLLOUTS, len(NAMES))
    level = rng.choice([0.0, 0.01, 0.3], (1, ROLLOUTS, 1))
    lift = rng.choice([0.0, 0.3], (1, ROLLOUTS, 1))
    total = rng.poisson(rng.choice([0.5, 5.0, 100.0]), shape), rng.poisson(rng.choice([0.0, 0.5, 50.0]), shape)
    bad = rng.binomial(total[0], np.minimum(level + lift, 1.0)), rng.binomial(total[1], level)
    return np.stack([total[0], bad[0], total[1], bad[1]], axis=-1)


def increment(counts: Integers) -> Increment:
    n_c, x_c, n_s, x_s = counts.tolist()
    return Increment(Counts(n_c, x_c), Counts(n_s, x_s))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.sets(st.tuples(st.integers(0, 11), st.integers(0, ROLLOUTS - 1)), max_size=4))
def test_a_batch_is_judged_like_its_rollouts_one_by_one(seed: int, steps: set[tuple[int, int]]) -> None:
    batch = Batch.begin(ROLLOUTS, ALLOWED)
    alone = [empty(dict(zip(NAMES, ALLOWED, strict=True))) for _ in range(ROLLOUTS)]
    for tick, counts in enumerate(traffic(seed, 12)):
        which = np.array([(tick, row) in steps for row in range(ROLLOUTS)])
        batch = add_batch(next_step_batch(batch, which), *np.moveaxis(counts, -1, 0))
        for row in range(ROLLOUTS):
            before = next_step(alone[row]) if which[row] else alone[row]
            alone[row] = add(before, {name: increment(counts[row, i]) for i, name in enumerate(NAMES)})
    found = judge_batch(batch, SETTINGS)
    for row, evidence in enumerate(alone):
        for index, name in enumerate(NAMES):
            np.testing.assert_allclose(batch.relative[row, index], evidence.metrics[name].relative)
            np.testing.assert_allclose(batch.passing[row, index], evidence.metrics[name].passing)
            np.testing.assert_allclose(batch.dispersion[row, index], evidence.metrics[name].dispersion)
            np.testing.assert_allclose(batch.absolute[row, index], evidence.metrics[name].absolute)
        one = verdict(evidence, SETTINGS)
        assert KINDS[found.kind[row]] is one.kind
        assert NAMES[found.metric[row]] == one.metric
        if GATES[found.gate[row]] != "passing":
            assert found.against[row] == pytest.approx(one.e_value)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_so_are_watch_windows(seed: int) -> None:
    counts = traffic(seed, 12)
    batch = add_batch(Batch.begin(ROLLOUTS, ALLOWED), *np.moveaxis(counts[0], -1, 0))
    watch = WatchBatch.begin(batch, [RULES.cap, STALL_CAP])
    allowed = dict(zip(NAMES, ALLOWED, strict=True))
    alone = [
        watch_evidence(add(empty(allowed), {name: increment(row[i]) for i, name in enumerate(NAMES)}))
        for row in counts[0]
    ]
    for later in counts[1:]:
        watch = add_watch_batch(watch, later[..., 0], later[..., 1])
        for row in range(ROLLOUTS):
            came = {name: Counts(*later[row, i, :2].tolist()) for i, name in enumerate(NAMES)}
            alone[row] = add_watch(alone[row], came)
    found = judge_watch_batch(watch, SETTINGS)
    for row, evidence in enumerate(alone):
        one = watch_verdict(evidence, SETTINGS)
        assert KINDS[found.kind[row]] is one.kind
        assert NAMES[found.metric[row]] == one.metric


class TestAddBatch:
    def test_rollouts_without_requests_are_left_as_they_are(self) -> None:
        before = add_batch(Batch.begin(2, ALLOWED), 5, 1, 45, 0)
        after = add_batch(before, np.array([[0, 0], [5, 5]]), 0, np.array([[0, 0], [45, 45]]), 0)
        for name in ("rollout", "step", "pending", "dispersion", "relative", "passing", "absolute"):
            np.testing.assert_array_equal(getattr(after, name)[0], getattr(before, name)[0])
        assert not np.array_equal(after.passing[1], before.passing[1])

    @pytest.mark.parametrize("wrong", [(1, 2, 0, 0), (1, -1, 0, 0), (0, 0, 1, 2), (-1, -1, 0, 0)])
    def test_impossible_counts_are_refused(self, wrong: tuple[int, int, int, int]) -> None:
        with pytest.raises(ValueError, match="impossible counts"):
            add_batch(Batch.begin(1, ALLOWED), *wrong)

    def test_a_value_is_never_changed_in_place(self) -> None:
        first = Batch.begin(1, ALLOWED)
        kept = {name: getattr(first, name).copy() for name in ("pending", "dispersion", "relative", "passing")}
        next_step_batch(add_batch(add_batch(first, 5, 1, 45, 0), 5, 5, 0, 0), np.array([True]))
        for name, value in kept.items():
            np.testing.assert_array_equal(getattr(first, name), value)


class TestRules:
    def test_larger_blocks_wait_for_more_requests(self) -> None:
        rules = Rules(smallest_block=1000)
        batch = add_batch(Batch.begin(1, ALLOWED), 50, 5, 450, 0, rules)
        assert batch.pending[0, 0].tolist() == [50, 5, 450, 0]
        assert add_batch(batch, 50, 5, 450, 0, rules).pending[0, 0].tolist() == [0, 0, 0, 0]

    def test_without_cap_one_burst_may_argue_for_anything(self) -> None:
        batch = add_batch(Batch.begin(1, [0.01]), 100, 90, 900, 0, Rules(cap=math.inf))
        assert judge_batch(batch, SETTINGS).against[0] > 1e9

    def test_hold_begins_where_the_rules_say(self) -> None:
        batch = add_batch(add_batch(Batch.begin(1, [0.01]), 5, 1, 45, 0), 5, 1, 45, 0)
        held = [KINDS[judge_batch(batch, SETTINGS, rules=Rules(hold_at=bound)).kind[0]] for bound in (5.0, 200.0)]
        assert held == ["Hold", "Undecided"]

    def test_each_rollout_may_go_to_another_share(self) -> None:
        batch = Batch.begin(2, [0.001], warmed=np.array(True))
        for _ in range(110):
            batch = add_batch(batch, 5, 0, 45, 0)
        kinds = judge_batch(batch, SETTINGS, np.array([0.5, 1.0])).kind
        assert [KINDS[kind] for kind in kinds] == ["Advance", "Undecided"]


def standard_errors_above_one(e_values: Array) -> float:
    return float((e_values.mean() - 1.0) / (e_values.std(ddof=1) / math.sqrt(len(e_values))))


RUNS = 40_000


@pytest.mark.parametrize(("base", "load"), [(0.01, 40.0), (0.2, 3.0)])
def test_mean_e_value_of_equally_good_versions_is_at_most_one(base: float, load: float) -> None:
    """Through blocks, dispersion, cap and the mean of two metrics, while the level of errors drifts for both."""
    rng = np.random.default_rng(41)
    batch = Batch.begin(RUNS, ALLOWED)
    for level in (1.0, 0.5, 2.0, 1.0, 1.5, 0.7, 1.0, 1.0):
        n_c, n_s = rng.poisson(0.1 * load, (RUNS, 1)), rng.poisson(0.9 * load, (RUNS, 1))
        bad = rng.binomial(n_c, base * level, (RUNS, 2)), rng.binomial(n_s, base * level, (RUNS, 2))
        batch = add_batch(batch, n_c, bad[0], n_s, bad[1], Rules(ratio=1.0))
        assert standard_errors_above_one(judge_batch(batch, SETTINGS).against) < 3.0


@pytest.mark.parametrize("warmed", [True, False])
def test_a_version_worse_by_the_margin_rarely_ever_passes(warmed: bool) -> None:
    rng = np.random.default_rng(42)
    runs = 4000
    batch = Batch.begin(runs, [0.01], warmed=np.array(warmed))
    passed = np.zeros(runs, dtype=bool)
    for _ in range(100):
        batch = add_batch(batch, 5, rng.binomial(5, 0.06, (runs, 1)), 45, rng.binomial(45, 0.01, (runs, 1)))
        passed |= judge_batch(batch, Settings(next_share=0.1)).passing[:, 0] >= 20.0
    assert passed.mean() <= 0.05


def test_what_was_seen_in_earlier_steps_may_choose_the_bet_of_the_next() -> None:
    """The split of the stake comes from chance too: it must not be better than fair, step after step."""
    rng = np.random.default_rng(43)
    batch = Batch.begin(RUNS, [0.01], warmed=np.array(True))
    settings = Settings(next_share=0.5)
    for _step in range(3):
        for _ in range(6):
            bad = rng.binomial(30, 0.02 + settings.margin, (RUNS, 1)), rng.binomial(70, 0.02, (RUNS, 1))
            batch = add_batch(batch, 30, bad[0], 70, bad[1], Rules(largest_dispersion=1.0))
            found = judge_batch(batch, settings, rules=Rules(largest_dispersion=1.0))
            assert standard_errors_above_one(found.passing[:, 0]) < 3.0
        batch = next_step_batch(batch, np.ones(RUNS, dtype=bool))
    assert len(np.unique(pass_stakes(batch, settings).argmax(axis=-1))) > 1, "else nothing was chosen"


def test_the_split_of_the_stake_stays_what_it_is_throughout_a_step() -> None:
    batch = next_step_batch(add_batch(Batch.begin(1, ALLOWED), 100, 3, 900, 20), np.array([True]))
    before = pass_stakes(batch, SETTINGS)
    np.testing.assert_array_equal(pass_stakes(add_batch(batch, 500, 400, 500, 0), SETTINGS), before)
