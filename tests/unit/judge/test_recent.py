"""The last hour: sums by the minute, old ones dropped, nothing counted twice."""

from hypothesis import given
from hypothesis import strategies as st

from tandem.judge import Counts
from tandem.judge.recent import HOUR, LATELY, LastHour


@given(st.lists(st.tuples(st.floats(0.1, 900.0), st.integers(0, 50), st.integers(0, 50)), max_size=60))
def test_it_sums_what_came_within_an_hour_to_a_minute(came: list[tuple[float, int, int]]) -> None:
    now, hour, seen = 0.0, LastHour.beginning(0.0), list[tuple[float, Counts]]()
    for wait, good, bad in came:
        now += wait
        counts = Counts(good + bad, bad)
        hour = hour.after(now, {"errors": counts})
        seen.append((now, counts))
    for seconds in (HOUR, LATELY):
        found = hour.counted(now, seconds).get("errors", Counts())
        surely = [counts for at, counts in seen if now - at < seconds - 60.0]
        atmost = [counts for at, counts in seen if now - at < seconds]
        assert sum(each.total for each in surely) <= found.total <= sum(each.total for each in atmost)
    assert len(hour.slices) <= HOUR / 60.0 + 1
    assert hour.since == 0.0 and (not came or hour.heard == now)


def test_metrics_come_and_go() -> None:
    hour = LastHour.beginning(0.0).after(10.0, {"errors": Counts(10, 1)}).after(20.0, {"slow": Counts(5, 5)})
    assert hour.counted(30.0) == {"errors": Counts(10, 1), "slow": Counts(5, 5)}
    assert hour.counted(10.0 + HOUR) == {}
