"""The ledger: every request enters the evidence once, whatever pods, scrapes and clocks do."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tandem.judge import CorruptEvidence, Counts, Increment
from tandem.signals import Ledger, PodSample, PodTarget, drained, fold, increments, parse
from tandem.signals.ledger import Fold
from tandem.signals.store import ledger_from_dict, ledger_to_dict
from tests.unit.signals.exposition import Bento

OBJECTIVES = {"latency-p99": 0.15}
HANGING = {"latency-p99": 1.0}


def pod(name: str = "a", revision: str = "r1", restarts: int = 0, *, ready: bool = True) -> PodTarget:
    return PodTarget("ns", f"pod-{name}", f"uid-{name}", restarts, revision, "10.0.0.1", ready)


def sample(bento: Bento, at: float, target: PodTarget | None = None) -> PodSample:
    return PodSample(target or pod(), at, parse(bento.text()))


class Watcher:
    """Looks at one pod and keeps the books, as the controller does."""

    def __init__(self, bento: Bento, objectives: dict[str, float]) -> None:
        self.bento, self.objectives, self.ledger, self.now = bento, objectives, Ledger(), 100.0
        self.seen = {name: Counts() for name in ("errors", *objectives)}

    def look(self, seconds: float = 1.0) -> Fold:
        self.now += seconds
        folded = fold(self.ledger, [sample(self.bento, self.now)], self.objectives)
        self.ledger = folded.ledger
        for name, counts in folded.counts["r1"].items():
            self.seen[name] += counts
        return folded

    def restart_operator(self) -> None:
        self.ledger = ledger_from_dict(json.loads(json.dumps(ledger_to_dict(self.ledger))))


class TestCounting:
    def test_the_first_sample_is_the_baseline(self) -> None:
        bento = Bento()
        bento.answer(100, 500)
        watcher = Watcher(bento, OBJECTIVES)
        assert watcher.look().counts == {"r1": {"errors": Counts(), "latency-p99": Counts()}}
        bento.answer(10)
        bento.answer(2, 500, seconds=0.3)
        assert watcher.look().counts == {"r1": {"errors": Counts(12, 2), "latency-p99": Counts(12, 2)}}
        assert watcher.look().counts == {"r1": {"errors": Counts(), "latency-p99": Counts()}}

    def test_what_a_pod_answered_before_it_was_ready_was_warm_up(self) -> None:
        bento, ledger = Bento(), Ledger()
        for at, ready in ((1.0, False), (2.0, False), (3.0, True)):
            bento.answer(5, 500)
            folded = fold(ledger, [sample(bento, at, pod(ready=ready))], {})
            ledger = folded.ledger
            assert folded.counts.get("r1", {}).get("errors", Counts()) == Counts()
        bento.answer(1, 500)
        folded = fold(ledger, [sample(bento, 4.0, pod(ready=False))], {})
        assert folded.counts["r1"]["errors"] == Counts(1, 1), "losing readiness does not stop the counting"

    def test_pods_of_a_revision_add_up_and_revisions_stay_apart(self) -> None:
        bentos = {name: Bento() for name in "abc"}
        targets = {"a": pod("a"), "b": pod("b"), "c": pod("c", "r2")}

        def look(ledger: Ledger, at: float) -> Fold:
            return fold(ledger, [sample(bentos[name], at, targets[name]) for name in "abc"], {})

        ledger = look(Ledger(), 1.0).ledger
        for number, bento in enumerate(bentos.values(), start=1):
            bento.answer(number)
        assert look(ledger, 2.0).counts == {"r1": {"errors": Counts(3, 0)}, "r2": {"errors": Counts(3, 0)}}

    def test_a_restarted_container_starts_a_new_baseline(self) -> None:
        bento = Bento()
        bento.answer(50)
        ledger = fold(Ledger(), [sample(bento, 1.0)], OBJECTIVES).ledger
        bento.answer(50, 500)
        folded = fold(ledger, [sample(bento, 2.0, pod(restarts=1))], OBJECTIVES, present={pod(restarts=1).key})
        assert folded.counts["r1"]["errors"] == Counts()
        assert set(folded.ledger.pods) == {"uid-a/1"}

    def test_a_counter_that_fell_starts_a_new_baseline(self) -> None:
        bento = Bento()
        bento.answer(50)
        watcher = Watcher(bento, OBJECTIVES)
        watcher.look()
        watcher.bento = Bento()
        watcher.bento.answer(20, 500)
        assert watcher.look().counts["r1"] == {"errors": Counts(), "latency-p99": Counts()}
        watcher.bento.answer(3)
        assert watcher.look().counts["r1"]["errors"] == Counts(3, 0)

    @pytest.mark.parametrize("fell", [200, 429, 500])
    def test_a_part_that_fell_starts_a_new_baseline_though_the_whole_grew(self, fell: int) -> None:
        bento = Bento()
        for code in (200, 429, 500):
            bento.answer(10, code)
        watcher = Watcher(bento, OBJECTIVES)
        watcher.look()
        watcher.bento = Bento()
        for code in (200, 429, 500):
            watcher.bento.answer(2 if code == fell else 30, code)
        folded = watcher.look()
        assert (folded.counts["r1"]["errors"], folded.turned_away["r1"]) == (Counts(), Counts())
        watcher.bento.answer(3, fell)
        assert watcher.look().counts["r1"]["errors"].bad == (3 if fell == 500 else 0)

    def test_an_unreadable_pod_is_caught_up_on_and_a_vanished_one_forgotten(self) -> None:
        bento = Bento()
        ledger = fold(Ledger(), [sample(bento, 1.0)], {}).ledger
        bento.answer(4)
        ledger = fold(ledger, [], {}, present={pod().key}).ledger
        bento.answer(4)
        folded = fold(ledger, [sample(bento, 3.0)], {}, present={pod().key})
        assert folded.counts["r1"]["errors"] == Counts(8, 0)
        gone = fold(folded.ledger, [], {}, present=set())
        assert gone.ledger == Ledger()
        assert gone.counts == {}

    def test_saturation_is_counted_apart(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, OBJECTIVES)
        watcher.look()
        bento.answer(10)
        bento.answer(5, 429)
        bento.answer(5, 404)
        folded = watcher.look()
        assert folded.counts["r1"]["errors"] == Counts(10, 0)
        assert folded.turned_away == {"r1": Counts(15, 5)}

    def test_a_missing_edge_makes_that_metric_unavailable_for_that_revision(self) -> None:
        without, with_edge = Bento(edges=(0.1, 0.25)), Bento()
        without.answer()
        with_edge.answer()
        targets = (pod("a", "old"), pod("b", "new"))

        def look(ledger: Ledger, at: float) -> Fold:
            return fold(ledger, [sample(without, at, targets[0]), sample(with_edge, at, targets[1])], OBJECTIVES)

        ledger = look(Ledger(), 1.0).ledger
        without.answer()
        with_edge.answer(2, seconds=0.2)
        folded = look(ledger, 2.0)
        assert folded.missing_edges == {"old": ("latency-p99",)}
        assert folded.counts["old"] == {"errors": Counts(1, 0)}
        found = increments(folded.counts, "new", "old")
        assert found == {
            "errors": Increment(Counts(2, 0), Counts(1, 0)),
            "latency-p99": Increment(Counts(2, 2), Counts()),
        }

    def test_another_objective_starts_its_own_baseline(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, OBJECTIVES)
        watcher.look()
        bento.answer(10, seconds=0.5)
        folded = fold(watcher.ledger, [sample(bento, 102.0)], {"latency-p99": 0.05})
        assert folded.counts["r1"] == {"errors": Counts(10, 0), "latency-p99": Counts()}
        assert folded.ledger.pods[pod().key].slowness["latency-p99"].seconds == 0.05

    def test_a_revision_nobody_read_has_no_requests(self) -> None:
        assert increments({}, "new", "old") == {}
        assert increments({"new": {"errors": Counts(2, 1)}}, "new", "old") == {
            "errors": Increment(Counts(2, 1), Counts())
        }


class TestHanging:
    def test_requests_that_hang_are_slow_before_they_finish_and_only_once(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, HANGING)
        watcher.look()
        bento.start(5)
        for _ in range(4):
            watcher.look()
        assert watcher.seen["latency-p99"] == Counts(5, 5)
        for _ in range(20):
            watcher.look()
        bento.finish(5, seconds=24.0)
        watcher.look()
        assert watcher.seen == {"errors": Counts(5, 0), "latency-p99": Counts(5, 5)}

    def test_requests_within_the_objective_are_not(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, {"latency-p99": 60.0})
        watcher.look()
        bento.start(5)
        for _ in range(50):
            watcher.look()
        bento.finish(5, seconds=50.0)
        watcher.look()
        assert watcher.seen["latency-p99"] == Counts(5, 0)

    def test_a_long_objective_is_missed_by_little_and_the_history_stays_short(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, {"latency-p99": 60.0})
        watcher.look()
        bento.start(3)
        needed = 0
        while watcher.seen["latency-p99"].bad < 3:
            watcher.look()
            needed += 1
            recent = watcher.ledger.pods[pod().key].recent
            assert recent is not None
            assert len(recent.history) <= 20
        assert 60 <= needed <= 70

    def test_steady_traffic_is_never_called_hanging(self) -> None:
        bento = Bento()
        bento.start(4)  # always four under way, each for some milliseconds
        watcher = Watcher(bento, OBJECTIVES)
        for _ in range(50):
            bento.answer(7)
            watcher.look()
        assert watcher.seen["latency-p99"] == Counts(49 * 7, 0)

    def test_a_request_seen_as_finished_and_open_at_once_is_not_hanging(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, OBJECTIVES)
        watcher.look()
        bento.answer()
        bento.start()  # the gauge was read before the request ended, the counter after
        watcher.look()
        bento.in_progress["/predict"] = 0
        for _ in range(5):
            watcher.look()
        assert watcher.seen["latency-p99"] == Counts(1, 0)

    def test_a_caller_that_hung_up_is_not_slow(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, HANGING)
        watcher.look()
        bento.start(3)
        watcher.look(0.4)
        bento.in_progress["/predict"] = 0
        for _ in range(5):
            watcher.look()
        assert watcher.seen["latency-p99"] == Counts()

    def test_nothing_is_counted_twice_across_a_restart_of_the_operator(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, HANGING)
        watcher.look()
        bento.start(5)
        for _ in range(4):
            watcher.look()
        watcher.restart_operator()
        for _ in range(4):
            watcher.look()
        bento.finish(5, seconds=9.0)
        bento.answer(5)
        watcher.look()
        assert watcher.seen == {"errors": Counts(10, 0), "latency-p99": Counts(10, 5)}

    @pytest.mark.parametrize("jump", [-3600.0, 3600.0])
    def test_a_clock_that_jumps_makes_no_open_request_old(self, jump: float) -> None:
        bento = Bento()
        bento.start(5)
        watcher = Watcher(bento, {"latency-p99": 60.0})
        for _ in range(5):
            watcher.look()
        watcher.look(jump)
        for _ in range(5):
            watcher.look()
        assert watcher.seen["latency-p99"] == Counts()


class TestDrained:
    def test_quiet_for_long_enough(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, {})
        bento.start()
        for _ in range(10):
            watcher.look()
        assert not drained(watcher.ledger, [pod().key], 0.5)
        bento.finish()
        watcher.look()
        watcher.look()
        assert not drained(watcher.ledger, [pod().key], 3.0)
        watcher.look()
        watcher.look()
        assert drained(watcher.ledger, [pod().key], 3.0)
        bento.answer()
        watcher.look()
        assert not drained(watcher.ledger, [pod().key], 0.5)

    def test_health_checks_are_no_traffic(self) -> None:
        bento = Bento()
        watcher = Watcher(bento, {})
        for _ in range(5):
            bento.answer(path="/readyz")
            watcher.look()
        assert drained(watcher.ledger, [pod().key], 4.0)

    def test_a_pod_that_is_not_ready_can_be_drained_too(self) -> None:
        ledger = Ledger()
        for at in (1.0, 2.0, 3.0):
            ledger = fold(ledger, [sample(Bento(), at, pod(ready=False))], {}).ledger
        assert drained(ledger, [pod().key], 2.0)

    def test_what_was_never_read_is_not_drained_and_no_pods_are(self) -> None:
        watcher = Watcher(Bento(), {})
        for _ in range(5):
            watcher.look()
        assert not drained(watcher.ledger, [pod().key, "other/0"], 1.0)
        watcher.restart_operator()
        assert not drained(watcher.ledger, [pod().key], 0.0)
        assert drained(watcher.ledger, [], 5.0)


class TestStorage:
    def stored(self) -> dict[str, object]:
        bento = Bento()
        bento.answer(10, seconds=0.3)
        return ledger_to_dict(fold(Ledger(), [sample(bento, 1.0)], OBJECTIVES).ledger)

    def test_comes_back_equal(self) -> None:
        data = self.stored()
        ledger = ledger_from_dict(json.loads(json.dumps(data)))
        assert ledger_to_dict(ledger) == data
        assert len(json.dumps(data)) < 250

    @pytest.mark.parametrize(
        "wrong",
        [
            {"counters": [1, 2, 0, 0]},
            {"counters": [2, 1, 2, 0]},
            {"counters": [2, 1, 0, 2]},
            {"counters": [2, 1, 0]},
            {"counters": [2, 1.5, 0, 0]},
            {"counters": [2, float("nan"), 0, 0]},
            {"counters": None},
            {"revision": 3},
            {"counting": 1},
            {"slowness": []},
            {"slowness": {"p": [0.1, 1, 1]}},
            {"slowness": {"p": [0.1, 1, 2, 1]}},
            {"slowness": {"p": [-0.1, 1, 1, 1]}},
            {"slowness": {"p": "x"}},
            {"more": 1},
        ],
    )
    def test_what_it_cannot_have_written_is_refused(self, wrong: dict[str, object]) -> None:
        data = self.stored()
        pods = data["pods"]
        assert isinstance(pods, dict)
        pods["uid-a/0"].update(wrong)
        with pytest.raises(CorruptEvidence, match=r"ledger\.pods\.uid-a/0"):
            ledger_from_dict(data)

    @pytest.mark.parametrize("data", [None, [], {}, {"format": 2, "pods": {}}, {"format": 1, "pods": []}])
    def test_other_shapes_are_refused(self, data: object) -> None:
        with pytest.raises(CorruptEvidence):
            ledger_from_dict(data)


class OnePod(RuleBasedStateMachine):
    """Requests of known length against one pod, looked at at any time; the books against the truth."""

    OBJECTIVE = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.bento = Bento()
        self.watcher = Watcher(self.bento, {"latency-p99": self.OBJECTIVE})
        self.watcher.look(0.0)
        self.open: list[float] = []
        self.slow = self.answered = 0

    @rule(number=st.integers(1, 5))
    def start(self, number: int) -> None:
        self.bento.start(number)
        self.open.extend([self.watcher.now] * number)

    @rule(data=st.data(), code=st.sampled_from([200, 400, 500, 504]))
    def finish(self, data: st.DataObject, code: int) -> None:
        if self.open:
            began = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
            took = self.watcher.now - began
            self.bento.finish(1, code, took)
            self.answered += 1
            self.slow += took > self.OBJECTIVE

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 1.0, 3.0]))
    def look(self, seconds: float) -> None:
        self.watcher.look(seconds)

    @rule()
    def restart_operator(self) -> None:
        self.watcher.restart_operator()

    @invariant()
    def nothing_is_counted_that_did_not_happen(self) -> None:
        hanging = sum(self.watcher.now - began > self.OBJECTIVE - 1e-9 for began in self.open)
        seen = self.watcher.seen["latency-p99"]
        assert seen.bad <= self.slow + hanging
        assert seen.total <= self.answered + hanging

    def teardown(self) -> None:
        self.watcher.look()
        for began in self.open:
            self.bento.finish(1, 200, self.watcher.now - began)
            self.slow += self.watcher.now - began > self.OBJECTIVE
        answered = self.answered + len(self.open)
        self.watcher.look()
        assert self.watcher.seen["errors"].total == answered
        assert self.watcher.seen["latency-p99"] == Counts(answered, self.slow)


OnePod.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)
TestOnePod = OnePod.TestCase


@settings(deadline=None, max_examples=60)
@given(
    st.permutations(["a", "b", "c"]),
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([200, 500])), max_size=20),
)
def test_names_and_order_of_pods_change_nothing(order: list[str], requests: list[tuple[str, int]]) -> None:
    bentos = {name: Bento() for name in "abc"}

    def look(ledger: Ledger, at: float, names: list[str]) -> Fold:
        renamed = {name: replace(pod(name), name=f"x{names.index(name)}") for name in names}
        return fold(ledger, [sample(bentos[name], at, renamed[name]) for name in names], OBJECTIVES)

    ledger = look(Ledger(), 1.0, list("abc")).ledger
    for name, code in requests:
        bentos[name].answer(1, code)
    assert look(ledger, 2.0, order).counts == look(ledger, 2.0, list("abc")).counts
