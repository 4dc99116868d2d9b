"""The traffic is what the model says: its moments are where they are declared, within their Monte-Carlo error."""

import numpy as np
import pytest

from bench.judge.traffic import BASE, CLIENT_SHARE, OUTAGE_SHARE, Case, Span, Traffic, Trouble, drifted

SIGMAS = 4.5
SPAN = Span(1800.0, 2.0)
ALL = slice(None)


def near(total: float, expected: float, variance: float) -> bool:
    return bool(abs(total - expected) <= SIGMAS * variance**0.5)


def test_steady_traffic_has_the_declared_rate_split_and_shares() -> None:
    answers = Traffic(Case(10.0, errors=0.05, slow=0.1, share=0.25, steady=True), SPAN, 50).answers(ALL)
    expected = 10.0 * 1800 * 50
    assert near(answers.candidate.sum(), 0.25 * expected, 0.25 * expected)
    assert near(answers.stable.sum(), 0.75 * expected, 0.75 * expected)
    for requests, bad, shares in (
        (answers.candidate, answers.candidate_bad, (0.05, 0.1)),
        (answers.stable, answers.stable_bad, BASE),
    ):
        for metric, share in enumerate(shares):
            assert near(bad[..., metric].sum(), requests.sum() * share, requests.sum() * share * (1 - share))


def test_load_and_level_move_within_their_bounds_about_their_means() -> None:
    traffic = Traffic(Case(10.0), SPAN, 2000)
    assert traffic.load.min() >= 0.2
    assert traffic.load.max() <= 3.0
    assert traffic.load.max() / traffic.load.min() > 10
    means = traffic.load.mean(axis=0)
    assert abs(means.mean() - 1.0) <= SIGMAS * means.std() / len(means) ** 0.5 + 0.01
    assert 0.5 <= traffic.level.min() < 0.51
    assert 1.99 < traffic.level.max() <= 2.0
    logs = np.log2(traffic.level).mean(axis=0)
    assert abs(logs.mean()) <= SIGMAS * logs.std() / len(logs) ** 0.5


@pytest.mark.parametrize("burst", [3.0, 10.0])
def test_bursts_keep_the_share_and_have_their_size(burst: float) -> None:
    answers = Traffic(Case(1000.0, burst=burst, steady=True), SPAN, 60).answers(ALL)
    bad = answers.stable_bad[..., 0].astype(float)
    ratio = 2 * burst - 1
    """Variance over mean where groups of geometric size come independently: E[size^2] / E[size]."""
    expected = answers.stable.sum() * BASE[0]
    assert near(bad.sum(), expected, ratio * expected)
    found = bad.var(axis=0) / bad.mean(axis=0)
    assert abs(found.mean() - ratio) <= SIGMAS * found.std() / len(found) ** 0.5 + 0.02 * ratio


def test_a_burst_is_never_larger_than_what_was_asked() -> None:
    answers = Traffic(Case(1.0, errors=0.5, burst=10.0), SPAN, 20).answers(ALL)
    assert (answers.candidate_bad <= answers.candidate[..., None]).all()
    assert (answers.stable_bad <= answers.stable[..., None]).all()


def test_an_outage_hits_both_versions_for_two_minutes() -> None:
    answers = Traffic(Case(1000.0, trouble=Trouble.OUTAGE, steady=True), SPAN, 20).answers(ALL)
    for requests, bad in ((answers.candidate, answers.candidate_bad), (answers.stable, answers.stable_bad)):
        struck = bad[..., 0] > 0.15 * requests
        assert (struck.sum(axis=0) == 60).all()
        share = BASE[0] + (1 - BASE[0]) * OUTAGE_SHARE
        total = requests[struck].sum()
        assert near(bad[..., 0][struck].sum(), total * share, total * share * (1 - share))


def test_a_sticky_client_fails_at_one_version_only_chosen_by_the_split() -> None:
    traffic = Traffic(Case(200.0, share=0.3, trouble=Trouble.CLIENT, steady=True), SPAN, 400)
    answers = traffic.answers(ALL)
    extra = 200 * CLIENT_SHARE * 300.0
    on_candidate = answers.candidate_bad[..., 0].sum(axis=0) > answers.candidate.sum(axis=0) * BASE[0] + extra / 2
    on_stable = answers.stable_bad[..., 0].sum(axis=0) > answers.stable.sum(axis=0) * BASE[0] + extra / 2
    assert (on_candidate ^ on_stable).mean() > 0.95
    assert near(on_candidate.sum(), 0.3 * 400, 0.3 * 0.7 * 400)


def test_episodes_keep_the_mean_share() -> None:
    answers = Traffic(Case(100.0, trouble=Trouble.EPISODES, steady=True), SPAN, 400).answers(ALL)
    by_run = answers.stable_bad[..., 0].sum(axis=0) / answers.stable.sum(axis=0)
    assert abs(by_run.mean() - BASE[0]) <= SIGMAS * by_run.std() / len(by_run) ** 0.5
    assert by_run.std() > 5 * (BASE[0] / answers.stable.sum(axis=0).mean()) ** 0.5


def test_each_case_and_part_has_a_stream_of_its_own_always_the_same() -> None:
    def first(case: Case, part: int) -> int:
        return int(case.stream(part).integers(2**62))

    assert first(Case(10.0), 0) == first(Case(10.0), 0)
    assert len({first(Case(10.0), 0), first(Case(10.0), 1), first(Case(10.0, errors=0.05), 0)}) == 3


def test_runs_that_are_kept_keep_their_weather() -> None:
    traffic = Traffic(Case(10_000.0), SPAN, 3)
    loads = traffic.load[5]
    traffic.keep(np.array([False, True, False]))
    answers = traffic.answers(5)
    assert answers.candidate.shape == (1,)
    requests = float(answers.candidate[0] + answers.stable[0])
    assert near(requests, 20_000 * loads[1], 20_000 * loads[1])


@pytest.mark.parametrize(("share", "level", "expected"), [(0.0, 2.0, 0.0), (1.0, 0.5, 1.0), (0.5, 2.0, 2 / 3)])
def test_drift_moves_the_odds(share: float, level: float, expected: float) -> None:
    assert drifted(share, np.array(level)) == pytest.approx(expected)
