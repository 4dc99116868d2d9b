"""What the cache believes when three sources tell of the same objects in any order."""

from tandem.cluster.cache import Cache, owner_of
from tandem.cluster.kinds import DEPLOYMENT, MODEL_DEPLOYMENT, POD
from tests.unit.cluster.objects import body, listing

FRAUD = ("demo", "fraud")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def version_of(cache: Cache, name: str = "p") -> str | None:
    obj = cache.get(POD, "demo", name)
    return obj["metadata"]["resourceVersion"] if obj else None


def test_news_names_the_model_it_is_about() -> None:
    cache = Cache()
    assert cache.feed("ADDED", body(MODEL_DEPLOYMENT, "fraud", 1)) == {FRAUD}
    assert cache.feed(None, body(POD, "p", 2, owner="fraud")) == {FRAUD}
    assert cache.feed("ADDED", body(POD, "stray", 3)) == set()
    assert owner_of(body(POD, "stray", 3)) is None


def test_children_are_found_by_their_model() -> None:
    cache = Cache()
    cache.feed("ADDED", body(POD, "p", 1, owner="fraud"))
    cache.feed("ADDED", body(POD, "q", 2, owner="fraud"))
    cache.feed("ADDED", body(DEPLOYMENT, "d", 3, owner="fraud"))
    cache.feed("ADDED", body(POD, "r", 4, owner="churn"))
    found = cache.children(*FRAUD)
    assert {kind: [obj["metadata"]["name"] for obj in objs] for kind, objs in found.items()} == {
        "Pod": ["p", "q"],
        "Deployment": ["d"],
    }
    assert cache.children("demo", "none") == {}
    assert cache.keys() == {FRAUD, ("demo", "churn")}


def test_a_child_that_changes_its_model_is_news_for_both() -> None:
    cache = Cache()
    cache.feed("ADDED", body(POD, "p", 1, owner="fraud"))
    assert cache.feed("MODIFIED", body(POD, "p", 2, owner="churn")) == {FRAUD, ("demo", "churn")}
    assert cache.children(*FRAUD) == {}
    assert len(cache.children("demo", "churn")["Pod"]) == 1


def test_the_echo_of_our_own_write_is_no_news_and_an_older_event_changes_nothing() -> None:
    cache = Cache()
    cache.overlay(body(POD, "p", 5, owner="fraud"))
    assert cache.feed("MODIFIED", body(POD, "p", 5, owner="fraud")) == set()
    assert cache.feed("MODIFIED", body(POD, "p", 4, owner="fraud")) == set()
    assert version_of(cache) == "5"
    assert cache.feed("MODIFIED", body(POD, "p", 6, owner="fraud")) == {FRAUD}
    assert version_of(cache) == "6"


def test_versions_are_numbers_not_words() -> None:
    cache = Cache()
    cache.feed("ADDED", body(POD, "p", 99, owner="fraud"))
    assert cache.feed("MODIFIED", body(POD, "p", 100, owner="fraud")) == {FRAUD}


def test_what_was_deleted_stays_dead() -> None:
    cache = Cache()
    cache.feed("ADDED", body(POD, "p", 1, owner="fraud"))
    assert cache.feed("DELETED", body(POD, "p", 5, owner="fraud")) == {FRAUD}
    assert cache.feed("MODIFIED", body(POD, "p", 4, owner="fraud")) == set()
    assert cache.feed("DELETED", body(POD, "p", 5, owner="fraud")) == set()
    assert version_of(cache) is None
    assert cache.children(*FRAUD) == {}
    assert cache.keys() == set()


def test_what_we_deleted_stays_dead_whatever_comes_of_it() -> None:
    cache = Cache()
    cache.feed("ADDED", body(POD, "p", 1, owner="fraud"))
    cache.forget(POD, "demo", "p", "u")
    assert cache.feed("MODIFIED", body(POD, "p", 9, owner="fraud")) == set()
    assert version_of(cache) is None
    assert cache.feed("ADDED", body(POD, "p", 10, uid="v", owner="fraud")) == {FRAUD}


def test_a_successor_of_the_same_name_outlives_the_deletion_of_its_predecessor() -> None:
    cache = Cache()
    cache.feed("ADDED", body(POD, "p", 1, owner="fraud"))
    cache.overlay(body(POD, "p", 7, uid="v", owner="fraud"))
    assert cache.feed("DELETED", body(POD, "p", 6, owner="fraud")) == set()
    cache.forget(POD, "demo", "p", "u")
    assert version_of(cache) == "7"


def test_the_deletion_of_a_successor_we_never_met_takes_the_predecessor_too() -> None:
    cache = Cache()
    cache.feed("ADDED", body(POD, "p", 1, owner="fraud"))
    assert cache.feed("DELETED", body(POD, "p", 9, uid="v", owner="fraud")) == {FRAUD}
    assert version_of(cache) is None


def test_an_object_that_left_our_selector_and_came_back_is_back() -> None:
    cache = Cache()
    cache.feed("ADDED", body(POD, "p", 1, owner="fraud"))
    cache.feed("DELETED", body(POD, "p", 5, owner="fraud"))
    assert cache.feed("ADDED", body(POD, "p", 6, owner="fraud")) == {FRAUD}


def test_a_sweep_brings_what_was_missed_and_removes_what_is_gone() -> None:
    clock = Clock()
    cache = Cache(clock)
    cache.feed("ADDED", body(POD, "same", 1, "a", "fraud"))
    cache.feed("ADDED", body(POD, "changed", 2, "b", "churn"))
    cache.feed("ADDED", body(POD, "gone", 3, "c", "spam"))
    clock.now += 10
    swept = cache.sweep(
        listing(
            POD,
            20,
            body(POD, "same", 1, "a", "fraud"),
            body(POD, "changed", 9, "b", "churn"),
            body(POD, "new", 8, "d", "new"),
        ),
        clock.now,
    )
    assert swept.keys == {("demo", "churn"), ("demo", "spam"), ("demo", "new")}
    assert swept.newest == 9
    assert swept.gone == {"c"}
    assert version_of(cache, "gone") is None


def test_a_sweep_does_not_undo_what_came_in_while_it_ran() -> None:
    clock = Clock()
    cache = Cache(clock)
    cache.feed("ADDED", body(POD, "p", 5, "a", "fraud"))
    cache.feed("ADDED", body(POD, "dead", 6, "b", "fraud"))
    asked_at = clock.now = 110.0
    clock.now = 111.0
    cache.overlay(body(POD, "p", 12, "a", "fraud"))
    cache.overlay(body(POD, "created", 13, "c", "fraud"))
    cache.feed("DELETED", body(POD, "dead", 14, "b", "fraud"))
    swept = cache.sweep(listing(POD, 10, body(POD, "p", 5, "a", "fraud"), body(POD, "dead", 6, "b", "fraud")), asked_at)
    assert swept.keys == set()
    assert (version_of(cache, "p"), version_of(cache, "created"), version_of(cache, "dead")) == ("12", "13", None)


def test_what_a_list_does_not_show_and_is_older_than_the_list_is_gone() -> None:
    clock = Clock()
    cache = Cache(clock)
    asked_at = clock.now
    clock.now += 1
    cache.overlay(body(POD, "p", 5, "a", "fraud"))
    assert cache.sweep(listing(POD, 10), asked_at).keys == {FRAUD}


def test_after_a_restore_from_backup_a_sweep_is_right_again() -> None:
    clock = Clock()
    cache = Cache(clock)
    cache.feed("ADDED", body(POD, "p", 5000, "a", "fraud"))
    cache.forget(POD, "demo", "q", "b")
    clock.now += 60
    swept = cache.sweep(
        listing(POD, 400, body(POD, "p", 300, "a", "fraud"), body(POD, "q", 310, "b", "fraud")), clock.now
    )
    assert swept.keys == {FRAUD}
    assert (version_of(cache, "p"), version_of(cache, "q")) == ("300", "310")


def test_a_list_of_one_namespace_says_nothing_of_others() -> None:
    clock = Clock()
    cache = Cache(clock)
    cache.feed("ADDED", body(POD, "p", 5, "a", "fraud"))
    clock.now += 1
    assert cache.sweep(listing(POD, 10, namespace="payments"), clock.now).keys == set()
    assert cache.sweep(listing(POD, 10, namespace="demo"), clock.now).keys == {FRAUD}


def test_a_sweep_that_shows_nothing_new_is_no_news() -> None:
    clock = Clock()
    cache = Cache(clock)
    cache.feed("ADDED", body(POD, "p", 5, "a", "fraud"))
    clock.now += 1
    assert cache.sweep(listing(POD, 10, body(POD, "p", 5, "a", "fraud")), clock.now).keys == set()
