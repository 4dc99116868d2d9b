"""Events: one per story, counted, never in the way."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tandem.cluster.errors import ClusterBusy
from tandem.cluster.events import MAX_MESSAGE, REPEAT_AFTER, EventRecorder
from tandem.cluster.kinds import MODEL_DEPLOYMENT, Object
from tests.unit.cluster.objects import body
from tests.unit.cluster.recorded import ObjectStore

FRAUD = body(MODEL_DEPLOYMENT, "fraud", 7, uid="1234")


class Story:
    """A recorder with a clock to turn and a store to look into."""

    def __init__(self, store: ObjectStore | None = None) -> None:
        self.now = datetime(2027, 1, 1, tzinfo=UTC)
        self.store = store or ObjectStore()
        self.recorder = EventRecorder(self.store, lambda: self.now)

    async def tell(self, reason: str = "RolledBack", message: str = "37 of 120 requests failed") -> None:
        self.recorder.record(FRAUD, "Warning", reason, message)
        task = asyncio.create_task(self.recorder.run())
        await self.recorder.flush()
        task.cancel()

    def events(self) -> list[Object]:
        return [obj for (kind, _, _), obj in self.store.objects.items() if kind == "Event"]


async def test_an_event_says_what_why_and_about_whom() -> None:
    story = Story()
    await story.tell()
    [event] = story.events()
    assert event["involvedObject"] == {
        "apiVersion": "tandem.dev/v1alpha1",
        "kind": "ModelDeployment",
        "namespace": "demo",
        "name": "fraud",
        "uid": "1234",
        "resourceVersion": "7",
    }
    assert (event["type"], event["reason"], event["count"]) == ("Warning", "RolledBack", 1)
    assert event["message"] == "37 of 120 requests failed"
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2027-01-01T00:00:00Z"
    assert event["metadata"]["namespace"] == "demo"


async def test_different_stories_are_different_events() -> None:
    story = Story()
    await story.tell(reason="Promoted")
    await story.tell(reason="RolledBack")
    await story.tell(reason="RolledBack", message="38 of 130 requests failed")
    assert len(story.events()) == 3


async def test_the_same_again_is_not_written_for_a_while_and_then_counted() -> None:
    story = Story()
    for _ in range(3):
        await story.tell()
        story.now += timedelta(minutes=1)
    assert story.store.calls == ["create"]
    story.now += REPEAT_AFTER
    await story.tell()
    [event] = story.events()
    assert event["count"] == 4
    assert event["firstTimestamp"] == "2027-01-01T00:00:00Z"
    assert event["lastTimestamp"] == "2027-01-01T00:13:00Z"


async def test_a_restarted_tandem_counts_on() -> None:
    first = Story()
    await first.tell()
    second = Story(first.store)
    await second.tell()
    [event] = second.events()
    assert event["count"] == 2


async def test_an_event_that_the_api_server_has_dropped_meanwhile_is_made_anew() -> None:
    story = Story()
    await story.tell()
    story.store.objects.clear()
    story.now += timedelta(hours=2)
    await story.tell()
    assert [event["count"] for event in story.events()] == [1]


async def test_a_failure_costs_one_event_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    story = Story()
    story.store.fails = [ClusterBusy("create Event demo/fraud.x", "no answer")]
    await story.tell(reason="Promoted")
    await story.tell(reason="RolledBack")
    assert [event["reason"] for event in story.events()] == ["RolledBack"]
    assert "event not written: create Event demo/fraud.x" in caplog.text


async def test_a_long_message_is_cut_and_a_flood_dropped(caplog: pytest.LogCaptureFixture) -> None:
    story = Story()
    await story.tell(message="x" * 2000)
    assert len(story.events()[0]["message"]) == MAX_MESSAGE
    for number in range(1200):
        story.recorder.record(FRAUD, "Normal", "Flood", str(number))
    assert "event dropped" in caplog.text
