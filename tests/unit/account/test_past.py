"""The past of a model, and a version's full record."""

from dataclasses import replace
from datetime import timedelta

from tandem.account.past import past_of
from tandem.account.record import record_of
from tandem.account.seen import Seen, Told
from tests.unit.account.scenes import ENV, SCENES
from tests.unit.rollout.world import NOON

NOW = NOON + timedelta(minutes=30)


def with_events(scene: str) -> Seen:
    told = (
        Told(NOON, "fraud", "Started", "fraud-r2 (registry.example.com/fraud:b) is the candidate"),
        Told(NOON + timedelta(minutes=1), "fraud", "Promoted", "fraud-r1 serves everything"),
        Told(NOON + timedelta(minutes=5), "fraud", "RolledBack", "fraud-r2 was sent back at 10 %", warning=True),
    )
    return replace(SCENES[scene](), events=told)


def test_versions_come_newest_first_with_what_became_of_them() -> None:
    past = past_of(with_events("rolled_back"))
    assert [(each.number, each.phase, each.reason, each.served) for each in past.versions] == [
        (2, "Rejected", "TooManyErrors", False),
        (1, "Serving", "Promoted", True),
    ]
    assert past.versions[0].verdict == "9 of 100 requests failed, 1 of 900 of fraud-r1's"
    assert [event.reason for event in past.events] == ["Started", "Promoted", "RolledBack"]


def test_an_order_is_told_with_its_id_and_what_came_of_it() -> None:
    (order,) = [each.order for each in past_of(SCENES["paused"]()).versions if each.order is not None]
    assert (order.revision, order.verb, order.id) == ("fraud-r2", "Pause", "INC-7")
    assert order.result == "stays at 10 %; it can still be sent back"


def test_a_record_says_what_a_version_changed_and_why_it_was_sent_back() -> None:
    seen = with_events("rolled_back")
    revision = seen.revision("fraud-r2")
    assert revision is not None
    record = record_of(seen, revision, NOW)
    for said in (
        "# payments/fraud-r2",
        "| image | `registry.example.com/fraud:b` |",
        "| why | TooManyErrors: 9 of 100 requests failed, 1 of 900 of fraud-r1's |",
        "Against `fraud-r1` (`registry.example.com/fraud:a`):",
        "- serving.resources.limits: memory 1Gi -> 512Mi",
        "| fraud-r2 | 120 | 0 | 0 % | 0 % and 3.7 % |",
        "- 2026-03-01 12:05:00Z RolledBack: fraud-r2 was sent back at 10 %",
        "model.image: registry.example.com/fraud:b",
    ):
        assert said in record, said
    assert "Promoted" not in record, "that was another version"


def test_a_record_shows_nothing_that_may_be_private() -> None:
    for name, scene in SCENES.items():
        seen = scene()
        for state in seen.states.values():
            record = record_of(seen, state.revision, NOW)
            assert not any(value in record for value in ENV.values()), name
            assert "`model.env`: 1 entries, not shown" in record


def test_the_first_version_has_nobody_to_be_compared_with() -> None:
    seen = SCENES["serving"]()
    revision = seen.revision("fraud-r1")
    assert revision is not None
    assert "No version before it is kept" in record_of(seen, revision, NOW)
