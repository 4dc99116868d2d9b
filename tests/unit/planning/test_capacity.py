"""What one pod may be given: the queue's arithmetic, and the CPU that it gets."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.api.profile import LoadPoint, Memory, Profile, Setting, Startup
from tandem.planning.capacity import UTILISATION, cpu_share, fuller, most_held, pod_rate


def point(
    callers: int, rate: float = 100.0, latency: float | None = None, errors: int = 0, cpu: float = 1.0
) -> LoadPoint:
    seconds = callers / rate if latency is None else latency
    return LoadPoint(
        concurrency=callers, requests_per_second=rate, cpu=cpu, requests=200, errors=errors,
        p50=seconds, p90=seconds, p95=seconds, p99=seconds,
    )  # fmt: skip


def profile(*load: LoadPoint) -> Profile:
    return Profile(
        setting=Setting(where="InCluster", at=datetime(2026, 11, 24, tzinfo=UTC), cpu="1"),
        startup=Startup(seconds=5.0),
        memory=Memory(idle_bytes=200 << 20, load_bytes=300 << 20),
        threads=4,
        load=list(load) or [point(n) for n in (1, 2, 4, 8, 16)],
    )


@pytest.mark.parametrize("held", [0, 1, 2, 4, 8, 40])
@pytest.mark.parametrize("load", [0.1, 0.5, 0.9])
def test_with_one_rate_it_is_the_textbooks_single_server(load: float, held: int) -> None:
    assert fuller([100.0] * 4, 100.0 * load, held) == pytest.approx(load**held)


def test_with_two_servers_it_is_the_textbooks_pair() -> None:
    rho = 0.6  # M/M/2: nobody with (1 - rho) / (1 + rho), and one with twice rho of that
    nobody = (1 - rho) / (1 + rho)
    assert fuller([100.0, 200.0], 200.0 * rho, 2) == pytest.approx(1 - nobody - 2 * rho * nobody)


def test_more_than_it_answers_has_no_end() -> None:
    with pytest.raises(ValueError, match="no end"):
        fuller([100.0], 100.0, 1)


@given(
    st.lists(st.floats(10, 1000), min_size=1, max_size=20),
    st.floats(0.01, 0.98),
    st.floats(0.01, 1.0),
    st.integers(0, 30),
)
def test_more_requests_never_find_it_emptier(rates: list[float], load: float, part: float, held: int) -> None:
    more = rates[-1] * load
    assert 0 <= fuller(rates, more * part, held) <= fuller(rates, more, held) + 1e-9 <= 1 + 2e-9


@pytest.mark.parametrize(
    ("seconds", "held", "per_second"),
    [
        (0.005, 0, 0.0),  # not even unloaded
        (0.01, 1, 1.0),  # one at a time: of a hundred requests one may find another
        (0.02, 2, 10.0),
        (0.04, 4, 100.0 * 0.01**0.25),
        (0.16, 16, 100.0 * 0.01 ** (1 / 16)),
        (9.0, 16, 100.0 * 0.01 ** (1 / 16)),  # more callers were never tried
    ],
)
def test_the_tighter_the_objective_the_emptier_a_pod_must_be(seconds: float, held: int, per_second: float) -> None:
    found = pod_rate(profile(), {"p99": seconds}, None)
    assert (found.in_progress, found.objective) == (held, "p99")
    assert found.per_second == pytest.approx(per_second, rel=1e-3)


def test_the_objective_that_allows_least_binds() -> None:
    found = pod_rate(profile(), {"p50": 0.02, "p99": 0.16}, None)
    assert found.objective == "p50" and found.per_second == pytest.approx(100.0 * 0.5**0.5, rel=1e-3)


def test_without_an_objective_a_part_of_the_throughput_is_planned_with() -> None:
    found = pod_rate(profile(), {}, None)
    assert (found.per_second, found.objective) == (UTILISATION * 100.0, None)


@pytest.mark.parametrize(
    ("load", "held"),
    [
        ([point(1), point(2), point(4, latency=1.0)], 2),
        ([point(1), point(2, errors=10), point(4)], 1),
        ([point(1, latency=1.0), point(2)], 0),
    ],
)
def test_what_held_ends_at_the_first_that_broke(load: list[LoadPoint], held: int) -> None:
    assert most_held(load, "p99", 0.1) == held


@pytest.mark.parametrize(("limit", "share"), [(None, 1.0), (2.0, 1.0), (1.0, 1.0), (0.97, 1.0), (0.5, 0.5), (0.2, 0.2)])
def test_a_limit_below_what_it_used_makes_it_slower(limit: float | None, share: float) -> None:
    assert cpu_share(profile(), limit) == share
    found = pod_rate(profile(), {"p99": 0.16}, limit)
    assert found.cpu == share and found.saturated == pytest.approx(100.0 * share)
    assert found.points[0].p99 == pytest.approx(0.01 / share)
    assert found.in_progress == int(16 * share) if share in (1.0, 0.5) else found.in_progress <= 4


def test_cpu_that_was_not_measured_changes_nothing() -> None:
    found = pod_rate(profile(point(1).with_changes(cpu=None)), {"p99": 1.0}, 0.1)
    assert (found.cpu, found.cpu_seconds) == (1.0, None)
