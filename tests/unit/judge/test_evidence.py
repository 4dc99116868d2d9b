"""Evidence: what it counts, what it carries from step to step, and that it survives being stored."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.judge import (
    CorruptEvidence,
    Counts,
    Evidence,
    Increment,
    Settings,
    WatchEvidence,
    add,
    add_watch,
    empty,
    next_step,
    states,
    verdict,
    watch_evidence,
    watch_verdict,
)
from tandem.judge.gates import Numbers
from tandem.judge.rules import RULES

QUIET = settings(deadline=None, max_examples=60)


def block(candidate: int, stable: int, candidate_bad: int = 0, stable_bad: int = 0) -> Increment:
    return Increment(Counts(candidate, candidate_bad), Counts(stable, stable_bad))


@st.composite
def any_counts(draw: st.DrawFn, largest: int = 5000) -> Counts:
    total = draw(st.integers(0, largest))
    return Counts(total, draw(st.integers(0, total)))


any_increment = st.builds(Increment, any_counts(), any_counts())
any_ticks = st.lists(st.dictionaries(st.sampled_from(["errors", "latency-p99", "x"]), any_increment), max_size=25)


def evidence_of(ticks: list[dict[str, Increment]], steps_at: frozenset[int] = frozenset()) -> Evidence:
    evidence = empty({"errors": 0.001, "latency-p99": 0.01})
    for number, tick in enumerate(ticks):
        evidence = next_step(evidence) if number in steps_at else evidence
        evidence = add(evidence, tick)
    return evidence


def against(evidence: Evidence) -> float:
    return float(states.relative_log(np.array(evidence.metrics["errors"].relative)))


def tolerated_share(allowed: float, record: Counts, factor: float) -> float:
    return float(states.tolerated_share(allowed, np.array([record.total, record.bad]), factor, RULES))


def upper_bound(record: Counts, factor: float) -> float:
    return float(states.upper_bound(np.array([record.total, record.bad]), factor))


class Dispersion:
    """Dispersion learned from blocks of stable's."""

    def __init__(self) -> None:
        self.state = np.array(states.DISPERSION)

    def learn(self, total: int, bad: Numbers) -> None:
        self.state = states.dispersion_after(self.state, total, bad)

    @property
    def factor(self) -> float:
        return float(states.dispersion_factor(self.state, RULES))


def absolute_after(state: np.ndarray, total: int, bad: Numbers) -> np.ndarray:
    bad = np.asarray(bad)
    counts = np.stack([np.full_like(bad, total), bad], axis=-1)
    return states.absolute_after(state, counts, np.ones(bad.shape), RULES.cap)


class TestCounts:
    def test_impossible_counts_are_refused(self) -> None:
        with pytest.raises(ValueError, match="3 bad of 2"):
            Counts(2, 3)
        with pytest.raises(ValueError, match="0 <= bad"):
            Counts(2, -1)

    def test_share_of_nothing_is_zero(self) -> None:
        assert Counts().share == 0.0


class TestAdd:
    @QUIET
    @given(any_ticks)
    def test_no_traffic_changes_nothing(self, ticks: list[dict[str, Increment]]) -> None:
        evidence = evidence_of(ticks)
        assert add(evidence, {name: Increment() for name in ("errors", "latency-p99", "new")}) == evidence
        assert add(evidence, {}) == evidence

    @QUIET
    @given(any_ticks)
    def test_the_order_of_metrics_changes_nothing(self, ticks: list[dict[str, Increment]]) -> None:
        backwards = [dict(reversed(tick.items())) for tick in ticks]
        one, other = evidence_of(ticks), evidence_of(backwards)
        assert one == other
        assert verdict(one, Settings()).kind == verdict(other, Settings()).kind

    @QUIET
    @given(any_ticks, st.frozensets(st.integers(0, 24)), st.floats(0.01, 1.0))
    def test_every_number_stays_finite_and_no_e_value_is_negative(
        self, ticks: list[dict[str, Increment]], steps_at: frozenset[int], next_share: float
    ) -> None:
        evidence = evidence_of(ticks, steps_at)
        found = verdict(evidence, Settings(next_share=next_share))
        assert math.isfinite(found.e_value)
        assert found.e_value >= 0.0
        assert found.sentence
        json.dumps(found.to_dict(), allow_nan=False)
        json.dumps(evidence.to_dict(), allow_nan=False)

    @QUIET
    @given(st.lists(any_increment, min_size=1, max_size=12))
    def test_counts_add_up(self, increments: list[Increment]) -> None:
        evidence = evidence_of([{"errors": increment} for increment in increments])
        total = sum(increments, start=Increment())
        assert evidence.metrics["errors"].rollout == total
        assert evidence.metrics["errors"].step == total

    def test_a_block_is_only_used_when_both_versions_answered_and_eight_requests_came(self) -> None:
        few = add(empty(), {"errors": block(1, 6, 1)})
        assert against(few) == pytest.approx(0.0)
        assert few.metrics["errors"].pending == block(1, 6, 1)
        enough = add(few, {"errors": block(0, 1)})
        assert enough.metrics["errors"].pending == Increment()
        assert against(enough) > 1.0
        alone = add(empty(), {"errors": block(100, 0, 100)})
        assert against(alone) == pytest.approx(0.0)

    def test_splitting_a_tick_below_the_block_size_changes_nothing(self) -> None:
        whole = add(empty(), {"errors": block(4, 8, 1, 1)})
        parts = add(add(empty(), {"errors": block(1, 2, 1, 0)}), {"errors": block(3, 6, 0, 1)})
        assert parts.metrics["errors"].relative == whole.metrics["errors"].relative
        assert parts.metrics["errors"].passing == whole.metrics["errors"].passing

    @QUIET
    @given(st.integers(0, 40), st.integers(0, 40), st.data())
    def test_whose_requests_are_counted_first_changes_nothing(self, n_c: int, n_s: int, data: st.DataObject) -> None:
        """Pods are read one after the other: what they have in sum is what counts."""
        candidate = Counts(n_c, data.draw(st.integers(0, n_c)))
        stable = Counts(n_s, data.draw(st.integers(0, n_s)))
        begun = evidence_of([{"errors": block(10, 90, 1, 1)}])
        whole = add(begun, {"errors": Increment(candidate, stable)})
        first = add(add(begun, {"errors": Increment(candidate)}), {"errors": Increment(stable=stable)})
        second = add(add(begun, {"errors": Increment(stable=stable)}), {"errors": Increment(candidate)})
        assert whole == first == second

    def test_one_block_argues_for_no_more_than_a_factor_of_ten(self) -> None:
        burst = add(empty(), {"errors": block(100, 900, 90)})
        assert against(burst) <= math.log(10) + 1e-9


class TestNextStep:
    def test_what_speaks_against_is_carried_and_what_speaks_for_begins_afresh(self) -> None:
        before = evidence_of([{"errors": block(10, 90, 1, 0)}] * 5 + [{"errors": block(1, 1)}])
        after = next_step(before).metrics["errors"]
        assert after.relative == before.metrics["errors"].relative
        assert after.dispersion == before.metrics["errors"].dispersion
        assert after.rollout == before.metrics["errors"].rollout
        assert after.step == after.pending == Increment()
        assert set(after.passing) == {0.0}


class TestDispersion:
    def test_independent_errors_leave_it_near_one(self) -> None:
        rng = np.random.default_rng(5)
        state = Dispersion()
        for bad in rng.binomial(45, 0.02, 2000):
            state.learn(45, int(bad))
        assert state.factor < 1.15

    def test_bursts_raise_it_and_it_is_bounded(self) -> None:
        state = Dispersion()
        for second in range(500):
            state.learn(45, 20 if second % 40 == 0 else 0)
        assert state.factor > 5.0
        for _ in range(50):
            state.learn(100_000, 100_000)
            state.learn(100_000, 0)
        assert state.factor == RULES.largest_dispersion


class TestToleratedShare:
    def test_never_below_the_objective(self) -> None:
        assert tolerated_share(0.01, Counts(100_000, 0), 1.0) == 0.01

    def test_without_a_record_only_the_objective_counts(self) -> None:
        assert tolerated_share(0.01, Counts(), 1.0) == 0.01

    def test_a_thin_record_tolerates_at_most_every_second_request(self) -> None:
        assert tolerated_share(0.01, Counts(3, 0), 1.0) == 0.5

    def test_a_broken_predecessor_is_no_reason_to_send_its_successor_back(self) -> None:
        assert tolerated_share(0.01, Counts(100, 70), 1.0) == pytest.approx(0.875)
        assert tolerated_share(0.01, Counts(100, 100), 1.0) == 0.99

    @QUIET
    @given(any_counts(100_000).filter(lambda record: record.total > 0), st.floats(1.0, 30.0))
    def test_the_bound_lies_above_the_observed_share_and_grows_with_dispersion(
        self, record: Counts, dispersion: float
    ) -> None:
        assert record.share <= upper_bound(record, 1.0) <= upper_bound(record, dispersion) <= 1.0

    def test_the_bound_of_a_clean_record(self) -> None:
        assert upper_bound(Counts(1000, 0), 1.0) == pytest.approx(1.0 - 1e-5 ** (1 / 1000), rel=1e-6)


class TestAbsolute:
    def test_a_long_good_record_delays_the_verdict_by_a_few_intervals_only(self) -> None:
        state = states.absolute_begin(0.01)
        for _ in range(1200):
            state = absolute_after(state, 50, 0)
        intervals = 0
        while states.absolute_log(state) < math.log(200):
            state = absolute_after(state, 50, 25)
            intervals += 1
        assert intervals <= 7

    def test_mean_is_at_most_one_when_the_tolerated_share_is_bad(self) -> None:
        rng = np.random.default_rng(6)
        state = states.absolute_begin(np.full(20_000, 0.02))
        for _ in range(15):
            state = absolute_after(state, 20, rng.binomial(20, 0.02, 20_000))
        finals = np.exp(states.absolute_log(state))
        assert finals.mean() <= 1.0 + 3.0 * finals.std(ddof=1) / math.sqrt(len(finals))


class TestStorage:
    @QUIET
    @given(any_ticks, st.frozensets(st.integers(0, 24)))
    def test_comes_back_equal_from_json(self, ticks: list[dict[str, Increment]], steps_at: frozenset[int]) -> None:
        evidence = evidence_of(ticks, steps_at)
        assert Evidence.from_dict(json.loads(json.dumps(evidence.to_dict()))) == evidence

    @QUIET
    @given(any_ticks, st.lists(st.dictionaries(st.sampled_from(["errors", "y"]), any_counts()), max_size=10))
    def test_watch_evidence_too(self, ticks: list[dict[str, Increment]], later: list[dict[str, Counts]]) -> None:
        watch = watch_evidence(evidence_of(ticks), {"errors": 0.002})
        for tick in later:
            watch = add_watch(watch, tick)
        assert WatchEvidence.from_dict(json.loads(json.dumps(watch.to_dict()))) == watch
        found = watch_verdict(watch, Settings())
        assert math.isfinite(found.e_value)
        assert found.e_value >= 0.0

    @pytest.mark.parametrize("older", [1, 2])
    def test_evidence_of_an_older_format_is_discarded(self, older: int) -> None:
        """Its bets were others: what they had won cannot be read on as if it were these bets'."""
        data = evidence_of([{"errors": block(20, 180, 1, 2)}]).to_dict()
        with pytest.raises(CorruptEvidence, match="discarded"):
            Evidence.from_dict({**data, "format": older})

    def test_whole_numbers_may_have_lost_their_point_on_the_way(self) -> None:
        data = evidence_of([{"errors": block(10, 90)}]).to_dict()
        data["metrics"]["errors"]["dispersion"][0] = 5
        assert Evidence.from_dict(data).metrics["errors"].dispersion[0] == 5.0

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("format",), 4),
            (("metrics", "errors", "warmed"), 1),
            (("format",), True),
            (("metrics",), []),
            (("metrics",), {"": {}}),
            (("metrics", "errors"), None),
            (("metrics", "errors", "extra"), 1),
            (("metrics", "errors", "allowed"), 1.5),
            (("metrics", "errors", "allowed"), "0.01"),
            (("metrics", "errors", "rollout"), [10, 0, 90]),
            (("metrics", "errors", "rollout"), [10, 11, 90, 0]),
            (("metrics", "errors", "rollout"), [10, 0, -1, 0]),
            (("metrics", "errors", "rollout"), [10.5, 0, 90, 0]),
            (("metrics", "errors", "rollout"), [True, 0, 90, 0]),
            (("metrics", "errors", "rollout"), [2**60, 0, 90, 0]),
            (("metrics", "errors", "step"), [11, 0, 90, 0]),
            (("metrics", "errors", "pending"), [9, 9, 0, 0]),
            (("metrics", "errors", "dispersion"), [5.0, 5.0, 0.5, 100.0]),
            (("metrics", "errors", "dispersion"), [0.0] * 27),
            (("metrics", "errors", "dispersion"), [-5.0, *states.DISPERSION[1:]]),
            (("metrics", "errors", "relative"), [0.0] * 6),
            (("metrics", "errors", "relative"), [math.nan] * 7),
            (("metrics", "errors", "relative"), [math.inf] * 7),
            (("metrics", "errors", "passing"), [-1.0] + [0.0] * 10),
            (("metrics", "errors", "absolute"), [0.0] * 7),
            (("metrics", "errors", "before"), [1, 2]),
            (("metrics", "errors", "before"), None),
            (("metrics", "errors", "absolute"), [0.5, 0.1] + [0.0] * 5),
        ],
    )
    def test_what_it_cannot_have_written_is_refused(self, path: tuple[str, ...], value: object) -> None:
        data: Any = evidence_of([{"errors": block(10, 90)}]).to_dict()
        inner = data
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        with pytest.raises(CorruptEvidence, match="discarded"):
            Evidence.from_dict(data)

    @pytest.mark.parametrize("data", [None, [], "x", 3, {}, {"format": 1}, {"format": 1, "metrics": {}, "more": 0}])
    def test_other_shapes_are_refused(self, data: object) -> None:
        for kind in (Evidence, WatchEvidence):
            with pytest.raises(CorruptEvidence):
                kind.from_dict(data)
