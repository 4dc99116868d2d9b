import math

from dev.traffic.outcomes import UNKNOWN, Outcome
from dev.traffic.summary import by_version, lateness, lost, quantile, spell


def ok(version: str, seconds: float = 0.01, sent: float = 0.0) -> Outcome:
    return Outcome(sent, seconds, "ok", version, 200)


def test_versions_are_summarised_in_the_order_in_which_they_answered() -> None:
    outcomes = [ok("first", 0.01), ok("better", 0.5), ok("first", 0.03), Outcome(0, 9, "timeout")]
    first, better, unknown = by_version(outcomes)
    assert (first.version, first.requests, first.bad, first.p50, first.p99) == ("first", 2, 0, 0.01, 0.03)
    assert (better.version, better.p99) == ("better", 0.5)
    assert (unknown.version, unknown.bad, unknown.kinds) == (UNKNOWN, 1, {"timeout": 1})
    assert math.isnan(unknown.p50)


def test_only_the_broken_versions_own_answers_are_excused() -> None:
    own = Outcome(0, 0.1, "server_error", "failing", 500)
    gateways = Outcome(0, 0.1, "server_error", UNKNOWN, 503)
    reset = Outcome(0, 0.1, "connection")
    good_ones = Outcome(0, 0.1, "server_error", "first", 500)
    assert lost([ok("first"), own, gateways, reset, good_ones], broken=["failing"]) == [gateways, reset, good_ones]


def test_a_spell_runs_from_the_first_bad_answer_to_the_last() -> None:
    outcomes = [ok("slow", 0.5, sent=12), ok("slow", 0.1, sent=13), ok("slow", 0.4, sent=10), ok("first", 9, sent=30)]
    slow = spell(outcomes, lambda outcome: outcome.version == "slow" and outcome.seconds > 0.25)
    assert (slow.count, slow.first, slow.last) == (2, 10.4, 12.5)
    assert math.isclose(slow.seconds, 2.1)
    assert spell([], lambda _outcome: True).seconds == 0


def test_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0)) == (50, 99, 100)


def test_lateness_is_the_worst() -> None:
    assert lateness([]) == 0
    assert lateness([ok("first"), Outcome(0, 1, "ok", late=0.2)]) == 0.2
