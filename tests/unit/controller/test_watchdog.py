"""When a watch counts as silent, and when it only looks like it."""

from tandem.controller.watchdog import GRACE, Watchdog

PODS = ("Pod", None)
NONE: frozenset[str] = frozenset()


def test_a_watch_that_tells_in_time_is_not_silent() -> None:
    dog = Watchdog()
    dog.listed(PODS, newest=7, gone=NONE, now=0)
    dog.heard(PODS, "MODIFIED", "a", 7)
    assert dog.silent(GRACE + 1) == []


def test_a_watch_that_never_tells_of_what_a_list_showed_is_silent_after_the_grace() -> None:
    dog = Watchdog()
    dog.heard(PODS, None, "a", 5)
    dog.listed(PODS, newest=7, gone=NONE, now=0)
    assert dog.silent(GRACE) == []
    assert dog.silent(GRACE + 1) == [PODS]


def test_later_lists_do_not_put_the_grace_off() -> None:
    dog = Watchdog()
    for moment in range(0, 200, 20):
        dog.listed(PODS, newest=7 + moment, gone=NONE, now=moment)
    assert dog.silent(GRACE + 1) == [PODS]


def test_a_watch_that_reconnects_is_well_again() -> None:
    dog = Watchdog()
    dog.listed(PODS, newest=7, gone=NONE, now=0)
    assert dog.silent(GRACE + 1) == [PODS]
    dog.heard(PODS, None, "a", 9)
    assert dog.silent(GRACE + 1) == []


def test_a_newest_object_that_is_gone_is_not_waited_for() -> None:
    dog = Watchdog()
    dog.heard(PODS, None, "a", 5)
    dog.listed(PODS, newest=7, gone=NONE, now=0)
    dog.listed(PODS, newest=5, gone=NONE, now=60)
    assert dog.silent(GRACE + 100) == []


def test_deletions_that_no_event_told_of_are_silence_too() -> None:
    dog = Watchdog()
    dog.heard(PODS, "ADDED", "a", 5)
    dog.listed(PODS, newest=0, gone=frozenset({"a"}), now=0)
    assert dog.silent(GRACE + 1) == [PODS]
    dog.heard(PODS, "DELETED", "a", 6)
    assert dog.silent(GRACE + 1) == []


def test_deletions_are_never_told_by_a_watch_that_began_anew() -> None:
    dog = Watchdog()
    dog.heard(PODS, None, "b", 5)
    dog.listed(PODS, newest=5, gone=frozenset({"a"}), now=0)
    assert dog.silent(GRACE + 1) == []


def test_watches_are_told_apart() -> None:
    dog = Watchdog()
    dog.listed(("Pod", "demo"), newest=7, gone=NONE, now=0)
    dog.listed(("Pod", "payments"), newest=7, gone=NONE, now=0)
    dog.heard(("Pod", "demo"), "ADDED", "a", 8)
    assert dog.silent(GRACE + 1) == [("Pod", "payments")]
