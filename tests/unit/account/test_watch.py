"""When a wait ends, and what a log says meanwhile."""

import pytest

from tandem.account.endings import ending
from tandem.account.line import gist, line
from tandem.account.until import Until
from tests.unit.account.scenes import SCENES

CAME, CANNOT, GOES_ON = True, False, None


@pytest.mark.parametrize(
    ("scene", "ready", "serving", "rejected", "stalled", "settled"),
    [
        ("first", GOES_ON, GOES_ON, GOES_ON, GOES_ON, GOES_ON),
        ("serving", CAME, CAME, CANNOT, CANNOT, CAME),
        ("rolling_out", GOES_ON, GOES_ON, GOES_ON, GOES_ON, GOES_ON),
        ("watching", CAME, GOES_ON, GOES_ON, GOES_ON, GOES_ON),
        ("rolled_back", CANNOT, CANNOT, CAME, CAME, CAME),
        ("stalled", GOES_ON, GOES_ON, GOES_ON, CAME, CAME),
    ],
)
def test_a_wait_ends_when_it_has_come_about_or_cannot(
    scene: str, ready: bool | None, serving: bool | None, rejected: bool | None, stalled: bool | None,
    settled: bool | None,
) -> None:  # fmt: skip
    seen = SCENES[scene]()
    found = [ending(seen, until) for until in Until]
    assert found == [ready, serving, rejected, stalled, settled]


@pytest.mark.parametrize("until", Until)
def test_what_was_said_of_an_older_spec_ends_no_wait(until: Until) -> None:
    for scene in ("serving", "rolled_back"):
        seen = SCENES[scene]()
        newer = seen.deployment.metadata.with_changes(generation=seen.deployment.metadata.generation + 1)
        deployment = seen.deployment.with_changes(metadata=newer)
        assert ending(type(seen)(deployment, seen.states), until) is GOES_ON


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("serving", "Serving; fraud-r1 serves (2/2 ready)"),
        ("rolling_out", "RollingOut; fraud-r1 serves (2/2 ready); fraud-r2 at 10 % (1/1 ready); waits for evidence at"),
        ("rolled_back", "RolledBack; fraud-r1 serves (2/2 ready); fraud-r2 was sent back: TooManyErrors: 9 of 100"),
    ],
)
def test_a_line_says_how_a_model_stands(scene: str, said: str) -> None:
    assert line(SCENES[scene]()).startswith(said)


def test_another_number_in_the_evidence_is_no_news() -> None:
    seen = SCENES["rolling_out"]()
    status = seen.deployment.status
    assert status.waiting_for is not None
    counted = status.waiting_for.with_changes(what="evidence at 10 %: 4 of 200 requests failed")
    other = seen.deployment.with_changes(status=status.with_changes(waiting_for=counted))
    assert gist(type(seen)(other, seen.states)) == gist(seen)
    assert gist(SCENES["paused"]()) != gist(seen)
