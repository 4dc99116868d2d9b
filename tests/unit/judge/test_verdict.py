"""Verdicts: when a candidate is sent back, goes on or is held, and what is said about it."""

import math

import numpy as np
import pytest

from tandem.judge import (
    KINDS,
    Batch,
    Counts,
    Evidence,
    History,
    Increment,
    MetricHistory,
    Settings,
    Verdict,
    VerdictKind,
    add,
    add_batch,
    add_watch,
    empty,
    judge_batch,
    next_step,
    verdict,
    watch_evidence,
    watch_verdict,
)
from tandem.judge.rules import RELATIVE_PART, UNCOMPARED_PART, WATCH_PART

SETTINGS = Settings(next_share=0.5, objectives={"latency-p99": "150ms"})
ALLOWED = {"errors": 0.001, "latency-p99": 0.01}
WARMED = empty(ALLOWED, History({name: MetricHistory(counts=Counts(20_000, 40), blocks=400) for name in ALLOWED}))


def block(candidate: int, stable: int, candidate_bad: int = 0, stable_bad: int = 0) -> Increment:
    return Increment(Counts(candidate, candidate_bad), Counts(stable, stable_bad))


def knowing(errors: Counts) -> Evidence:
    """Return the evidence before the first request where stable had so many errors before."""
    return empty(ALLOWED, History({"errors": MetricHistory(counts=errors, blocks=400)}))


def after(seconds: int, errors: Increment, slow: Increment | None = None, start: Evidence | None = None) -> Evidence:
    evidence = empty(ALLOWED) if start is None else start
    for _ in range(seconds):
        evidence = add(
            evidence, {"errors": errors, "latency-p99": slow or block(errors.candidate.total, errors.stable.total)}
        )
    return evidence


class TestSettings:
    def test_the_margin_follows_from_one_budget(self) -> None:
        margins = {share: Settings(next_share=share).margin for share in (0.1, 0.25, 0.5, 1.0)}
        assert margins == pytest.approx({0.1: 0.05, 0.25: 0.02, 0.5: 0.01, 1.0: 0.005})
        assert Settings(budget=1.0, next_share=0.01).margin == 0.5

    @pytest.mark.parametrize("wrong", [0.0, -0.1, 1.1, float("nan")])
    def test_impossible_settings_are_refused(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="false_rollback"):
            Settings(false_rollback=wrong)

    def test_the_parts_of_the_promise_add_up(self) -> None:
        assert math.isclose(RELATIVE_PART + UNCOMPARED_PART + WATCH_PART, 1.0)


class TestRollBack:
    def test_a_failing_candidate_is_sent_back_within_seconds(self) -> None:
        evidence = after(6, block(5, 45, 2, 0))
        found = verdict(evidence, SETTINGS)
        assert found.kind is VerdictKind.ROLL_BACK
        assert found.metric == "errors"
        assert (found.candidate, found.stable) == (Counts(30, 12), Counts(270, 0))
        assert found.e_value >= 250
        assert found.sentence.startswith(
            "candidate failed 12 of 30 requests, stable none of 270; if they were equally good,"
        )

    def test_the_sentence_compares_rates_and_says_how_sure_it_is(self) -> None:
        evidence = after(12, block(20, 180, 1, 0))
        evidence = add(evidence, {"errors": block(0, 0), "latency-p99": block(0, 0)})
        evidence = add(evidence, {"errors": block(1, 9, 0, 3)})
        found = verdict(evidence, SETTINGS)
        assert found.kind is VerdictKind.ROLL_BACK
        rollouts = found.sentence.rsplit("at most once in ", 1)[1]
        assert found.sentence == (
            "candidate failed 12 of 241 requests, stable 3 of 2,169: 36 times more; "
            f"if they were equally good, evidence this strong would appear at most once in {rollouts}"
        )
        said = int(rollouts.removesuffix(" rollouts").replace(",", ""))
        assert 0.9 * found.e_value < said <= found.e_value

    def test_a_slow_candidate_is_sent_back_by_its_latency_objective(self) -> None:
        found = verdict(after(20, block(5, 45), block(5, 45, 2, 0)), SETTINGS)
        assert found.kind is VerdictKind.ROLL_BACK
        assert found.metric == "latency-p99"
        assert found.sentence.startswith(
            "candidate took longer than 150ms for 40 of 100 requests, stable for none of 900;"
        )

    def test_an_outage_that_hits_both_sends_nobody_back(self) -> None:
        assert verdict(after(120, block(5, 45, 2, 18)), SETTINGS).kind is VerdictKind.UNDECIDED

    def test_evidence_is_carried_over_steps(self) -> None:
        start = next_step(after(3, block(5, 45, 1, 0)))
        assert verdict(after(3, block(25, 25, 3, 0), start=start), SETTINGS).kind is VerdictKind.ROLL_BACK

    def test_where_stable_answers_nothing_the_objective_judges(self) -> None:
        start = next_step(after(60, block(25, 25)))
        found = verdict(after(5, block(50, 0, 25), start=start), SETTINGS)
        assert found.kind is VerdictKind.ROLL_BACK
        assert found.sentence.startswith(
            "candidate failed 125 of 250 requests (50 %) while stable answered none; at most "
        )

    def test_a_thin_record_of_stable_excuses_no_total_failure(self) -> None:
        start = next_step(after(1, block(5, 5)))
        assert verdict(after(20, block(5, 0, 5), start=start), SETTINGS).kind is VerdictKind.ROLL_BACK

    def test_what_was_known_of_stable_before_leaves_no_record_thin(self) -> None:
        start = next_step(after(1, block(5, 5), start=knowing(Counts(60_000, 300))))
        found = verdict(after(20, block(5, 0, 1), start=start), SETTINGS)
        assert found.kind is VerdictKind.ROLL_BACK
        assert "at most 1.4 % is tolerated" in found.sentence

    def test_nor_does_it_outweigh_that_stable_has_it_worse_in_the_rollout(self) -> None:
        start = next_step(after(200, block(25, 25, 1, 1), start=knowing(Counts(6_000_000, 6_000))))
        rng = np.random.default_rng(11)
        for _ in range(600):
            start = add(start, {"errors": block(50, 0, int(rng.binomial(50, 0.04)))})
            assert verdict(start, SETTINGS).kind is not VerdictKind.ROLL_BACK

    def test_a_counter_that_the_user_names_is_spoken_of_by_its_name(self) -> None:
        evidence = empty({"errors": 0.01, "empty-answers": 0.01})
        for _ in range(10):
            evidence = add(evidence, {"errors": block(5, 45), "empty-answers": block(5, 45, 2, 0)})
        found = verdict(evidence, SETTINGS)
        assert found.kind is VerdictKind.ROLL_BACK
        assert found.sentence.startswith(
            "candidate was bad by empty-answers for 20 of 50 requests, stable for none of 450; "
        )

    def test_its_numbers_come_with_the_bounds_of_the_true_rates(self) -> None:
        stored = verdict(after(6, block(5, 45, 2, 0)), SETTINGS).to_dict()
        assert stored["candidate"] == {"requests": 30, "bad": 12, "rate": 0.4, "low": 0.1602, "high": 0.6796}
        assert stored["stable"] == {"requests": 270, "bad": 0, "rate": 0.0, "low": 0.0, "high": 0.02331}


class TestHold:
    def test_a_suspicious_candidate_is_held(self) -> None:
        found = verdict(after(2, block(5, 45, 1, 0)), SETTINGS)
        assert found.kind is VerdictKind.HOLD
        assert 5 <= found.e_value < 250
        assert "too suspicious to go on, not enough to send it back (once in 250)" in found.sentence


class TestAdvance:
    def test_a_good_candidate_goes_on_when_it_has_earned_it(self) -> None:
        few, enough = after(20, block(5, 45), start=WARMED), after(110, block(5, 45), start=WARMED)
        assert verdict(few, SETTINGS).kind is VerdictKind.UNDECIDED
        found = verdict(enough, SETTINGS)
        assert found.kind is VerdictKind.ADVANCE
        assert found.e_value >= 20
        assert found.sentence.startswith(
            "candidate failed none of 550 requests, stable none of 4,950; if it failed 1 percentage point more than"
        )

    def test_without_a_history_of_stable_it_takes_three_times_as_many_and_is_said(self) -> None:
        assert verdict(after(110, block(5, 45)), SETTINGS).kind is VerdictKind.UNDECIDED
        found = verdict(after(330, block(5, 45)), SETTINGS)
        assert found.kind is VerdictKind.ADVANCE
        assert not found.to_dict()["warmed"]
        assert found.sentence.endswith(
            "(without a history of stable: errors were taken to come in bursts of up to three)"
        )

    def test_a_larger_next_weight_takes_more_evidence(self) -> None:
        evidence = after(110, block(5, 45), start=WARMED)
        assert verdict(evidence, Settings(next_share=1.0)).kind is VerdictKind.UNDECIDED
        assert verdict(evidence, Settings(next_share=0.1)).kind is VerdictKind.ADVANCE

    def test_every_metric_must_pass(self) -> None:
        found = verdict(after(200, block(5, 45), block(0, 0)), SETTINGS)
        assert found.kind is VerdictKind.UNDECIDED
        assert found.metric == "latency-p99"
        assert found.sentence == (
            "not measured: there are no counts of how often the candidate took longer than 150ms in this step"
        )

    def test_each_step_is_earned_anew(self) -> None:
        assert verdict(next_step(after(200, block(5, 45))), SETTINGS).kind is VerdictKind.UNDECIDED

    def test_without_requests_to_stable_the_objective_and_the_margin_are_the_limit(self) -> None:
        found = verdict(after(30, block(50, 0)), SETTINGS)
        assert found.kind is VerdictKind.ADVANCE
        assert "stable answered none" in found.sentence

    def test_a_candidate_worse_by_the_margin_passes_rarely(self) -> None:
        rng = np.random.default_rng(8)
        runs = 1000
        batch = Batch.begin(runs, [0.01], warmed=np.array(True))
        passed = np.zeros(runs, dtype=bool)
        for _ in range(80):
            bad = rng.binomial(5, 0.055, (runs, 1)), rng.binomial(45, 0.005, (runs, 1))
            batch = add_batch(batch, 5, bad[0], 45, bad[1])
            passed |= judge_batch(batch, Settings(next_share=0.1)).kind == KINDS.index(VerdictKind.ADVANCE)
        assert 0.0 < passed.mean() <= 0.05


class TestUndecided:
    @pytest.mark.parametrize("evidence", [empty(), empty(ALLOWED), next_step(empty(ALLOWED))])
    def test_without_traffic(self, evidence: Evidence) -> None:
        found = verdict(evidence, SETTINGS)
        assert found.kind is VerdictKind.UNDECIDED
        assert found.e_value == pytest.approx(1.0)
        assert found.sentence == "no traffic: candidate answered no requests in this step, stable 0"

    def test_too_little_says_how_much_more(self) -> None:
        found = verdict(after(1, block(3, 40)), SETTINGS)
        assert found.sentence.startswith(
            "too little traffic: in this step candidate failed none of 3 requests, stable none of 40;"
        )
        more = int(found.sentence.split("about ")[1].split(" more")[0].replace(",", ""))
        assert (
            verdict(add(after(1, block(3, 40)), {name: block(more, 4000) for name in ALLOWED}), SETTINGS).kind
            is VerdictKind.ADVANCE
        )

    def test_plenty_of_traffic_without_an_answer_is_not_called_too_little(self) -> None:
        found = verdict(after(600, block(100, 900, 11, 90)), SETTINGS)
        assert found.kind is VerdictKind.UNDECIDED
        assert "too close to the limit (1 percentage point more) to tell" in found.sentence

    def test_a_candidate_beyond_its_limit_is_not_said_to_lack_traffic(self) -> None:
        start = next_step(after(1, block(5, 5)))
        found = verdict(after(200, block(5, 0, 1), start=start), SETTINGS)
        assert found.kind is VerdictKind.UNDECIDED
        assert found.sentence == (
            "in this step candidate failed 200 of 1,000 requests (20 %) while stable answered none: "
            "it goes on if shown to stay below 1.1 %, and is sent back if shown to exceed 50 %"
        )


class TestWatch:
    def watched(self, seconds: int, bad: int, total: int = 50) -> Verdict:
        watch = watch_evidence(after(60, block(25, 25)), ALLOWED)
        for _ in range(seconds):
            watch = add_watch(watch, {"errors": Counts(total, bad), "latency-p99": Counts(total, 0)})
        return watch_verdict(watch, SETTINGS)

    def test_a_version_that_fails_after_promotion_is_sent_back(self) -> None:
        found = self.watched(6, 20)
        assert found.kind is VerdictKind.ROLL_BACK
        assert found.candidate == Counts(300, 120)
        assert found.stable == Counts(1500, 0)
        assert found.sentence.startswith(
            "after its promotion the new version failed 120 of 300 requests (40 %); at most 0.96 %"
        )
        assert "(its predecessor none of 1,500)" in found.sentence

    def test_one_that_turns_bad_late_is_described_by_what_it_did_since(self) -> None:
        watch = watch_evidence(after(60, block(25, 25)), ALLOWED)
        for second in range(607):
            watch = add_watch(watch, {"errors": Counts(50, 20 if second >= 600 else 0)})
        found = watch_verdict(watch, SETTINGS)
        assert found.kind is VerdictKind.ROLL_BACK
        assert found.candidate == Counts(350, 140)

    def test_a_good_one_is_said_to_be_good(self) -> None:
        found = self.watched(300, 0)
        assert found.kind is VerdictKind.ADVANCE
        assert found.sentence.startswith(
            "nothing speaks against the new version: since its promotion it failed none of 15,000"
        )

    def test_no_traffic_says_nothing(self) -> None:
        found = self.watched(0, 0)
        assert found.kind is VerdictKind.UNDECIDED
        assert found.sentence == "no traffic: the new version has answered no requests since its promotion"

    def test_what_was_known_of_its_predecessor_before_leaves_no_record_thin(self) -> None:
        rollout = after(1, block(5, 15), start=knowing(Counts(60_000, 300)))
        watch = watch_evidence(rollout, ALLOWED)
        for _ in range(60):
            watch = add_watch(watch, {"errors": Counts(10, 3)})
        found = watch_verdict(watch, SETTINGS)
        assert found.kind is VerdictKind.ROLL_BACK
        assert found.stable == Counts(60_015, 300)

    def test_one_as_bad_as_its_predecessor_stays(self) -> None:
        watch = watch_evidence(after(200, block(25, 25, 1, 1)), ALLOWED)
        rng = np.random.default_rng(9)
        for _ in range(900):
            watch = add_watch(watch, {"errors": Counts(50, int(rng.binomial(50, 0.04)))})
            assert watch_verdict(watch, SETTINGS).kind is not VerdictKind.ROLL_BACK

    def test_it_is_suspicious_before_it_is_sent_back(self) -> None:
        found = self.watched(3, 5)
        assert found.kind is VerdictKind.HOLD
        assert "not enough to send it back (once in 200)" in found.sentence


def test_false_rollbacks_stay_within_the_promise() -> None:
    """Equally good versions, two metrics, looked at in every interval: seldom is one sent back, as promised."""
    rng = np.random.default_rng(10)
    runs, levels = 2000, np.array([0.02, 0.05])
    batch = Batch.begin(runs, [0.01, 0.01])
    sent_back = np.zeros(runs, dtype=bool)
    for _ in range(120):
        batch = add_batch(batch, 5, rng.binomial(5, levels, (runs, 2)), 45, rng.binomial(45, levels, (runs, 2)))
        kind = judge_batch(batch, Settings(false_rollback=0.05)).kind
        sent_back |= kind == KINDS.index(VerdictKind.ROLL_BACK)
    assert sent_back.mean() <= RELATIVE_PART * 0.05
