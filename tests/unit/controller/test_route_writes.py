"""Writes of the route: who gets requests never depends on the rest of it, and nothing that was taken out is left in."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.cluster.cache import Cache
from tandem.cluster.errors import ClusterRefused, KindMissing
from tandem.cluster.kinds import Object
from tandem.controller.act import Actor
from tandem.controller.live_route import own, route_state
from tandem.controller.outcome import Outcome
from tandem.rollout.decision import Desired
from tests.unit.cluster.recorded import VersionedStore

KEY: Final = ("payments", "fraud")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
HALF, BACK = {"fraud-r1": 50, "fraud-r2": 50}, {"fraud-r1": 100}
MISSPELT: dict[str, Any] = {"filters": [{"type": "RequestHeaderModifer"}]}


class ApiServer(VersionedStore):
    """Refuses routes with a filter that no gateway knows, or all of them."""

    def __init__(self, *, gateway_api: bool = True) -> None:
        super().__init__()
        self._gateway_api = gateway_api

    async def create(self, obj: Object) -> Object:
        self._admit(obj)
        return await super().create(obj)

    async def apply(self, obj: Object, uid: str | None = None) -> Object:
        before = self.live(obj["kind"])
        assert uid == before["metadata"]["uid"]
        self._admit(obj)
        # What only the first request made and this one leaves out stays: it belongs to another kind of request.
        hostnames = {key: value for key, value in before["spec"].items() if key == "hostnames"}
        return await super().apply({**obj, "spec": {**hostnames, **obj["spec"]}}, uid)

    def _admit(self, obj: Object) -> None:
        if obj["kind"] != "HTTPRoute":
            return
        if not self._gateway_api:
            raise KindMissing("create HTTPRoute", "404")
        filters = [each for rule in obj["spec"]["rules"] for each in rule.get("filters") or []]
        if any(each["type"] == "RequestHeaderModifer" for each in filters):
            raise ClusterRefused("apply HTTPRoute payments/fraud", "Invalid", "spec.rules[0].filters[0].type")

    def live(self, kind: str) -> Object:
        return self.objects[kind, *KEY]


class Story:
    """A model whose route is written as decided."""

    def __init__(self, server: ApiServer | None = None) -> None:
        self.server = server or ApiServer()
        self._actor = Actor(self.server, Cache())

    async def write(
        self, weights: dict[str, int], *, service: str = "fraud-r1", weights_only: bool = False, **gateway: Any
    ) -> Outcome:
        desired = Desired(None, {}, weights, service, weights_only=weights_only)
        return await self._actor.carry_out(declared(**gateway), None, desired, {}, NOW)

    @property
    def route(self) -> Any:
        return self.server.live("HTTPRoute")

    @property
    def weights(self) -> dict[str, int]:
        [rule] = self.route["spec"]["rules"]
        return {each["name"]: each["weight"] for each in rule["backendRefs"]}


def declared(uid: str = "u", **gateway: Any) -> ModelDeployment:
    spec = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:2", "service": "Fraud"},
        "traffic": {"gateway": {"parentRefs": [{"name": "public"}], "path": "/fraud", **gateway}},
    }
    return parse_deployment({"metadata": {"namespace": "payments", "name": "fraud", "uid": uid}, "spec": spec})


async def test_a_version_is_sent_back_though_the_declared_route_is_refused() -> None:
    story = Story()
    await story.write(HALF)
    outcome = await story.write(BACK, **MISSPELT)
    assert story.weights == BACK
    assert [each.reason for each in outcome.refused] == ["Invalid"], "and it is told"
    before = list(story.server.calls)
    await story.write(BACK, **MISSPELT)
    assert story.server.calls == before, "once is enough"


async def test_the_service_follows_though_the_route_is_refused_or_cannot_be_made() -> None:
    story = Story()
    await story.write({"fraud-r1": 0, "fraud-r2": 100}, service="fraud-r2")
    await story.write(BACK, service="fraud-r1", **MISSPELT)
    assert story.server.live("Service")["spec"]["selector"]["tandem.dev/revision"] == "fraud-r1"
    without = Story(ApiServer(gateway_api=False))
    outcome = await without.write(BACK)
    assert [each.reason for each in outcome.refused] == ["GatewayMissing"]
    assert ("Service", *KEY) in without.server.objects


async def test_a_route_whose_place_is_taken_keeps_its_own_and_changes_weights() -> None:
    story = Story()
    await story.write(HALF)
    await story.write(BACK, weights_only=True, path="/other")
    assert story.weights == BACK
    assert story.route["spec"]["rules"][0]["matches"][0]["path"]["value"] == "/fraud"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"hostnames": ["models.example.com"]}, {}),
        ({"timeouts": {"request": "1s"}}, {}),
        (
            {"path": "/", "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]},
            {"path": "/"},
        ),
        ({"parentRefs": [{"name": "public", "sectionName": "internal"}]}, {}),
        ({"parentRefs": [{"name": "public", "namespace": "gateway"}]}, {}),
    ],
    ids=["hostnames", "timeouts", "filters", "listener", "namespace"],
)
async def test_what_is_taken_out_of_the_spec_goes_from_the_route(before: dict[str, Any], after: dict[str, Any]) -> None:
    story, fresh = Story(), Story()
    await story.write(BACK, **before)
    state = route_state(story.route, declared(**after))
    assert state is not None
    assert not state.as_declared
    await story.write(BACK, **after)
    await fresh.write(BACK, **after)
    assert {**story.route["spec"], "hostnames": []} == {**fresh.route["spec"], "hostnames": []}
    assert not story.route["spec"].get("hostnames")
    state = route_state(story.route, declared(**after))
    assert state is not None
    assert state.as_declared
    writes = list(story.server.calls)
    await story.write(BACK, **after)
    assert story.server.calls == writes, "and is not written again"


async def test_a_predecessors_route_and_service_say_nothing_of_a_new_model_of_that_name() -> None:
    story = Story()
    await story.write(BACK)
    for live in story.server.objects.values():
        assert own(live, declared("u")) == live
        assert own(live, declared("another")) is None
    orphan = {**story.route, "metadata": {**story.route["metadata"], "ownerReferences": []}}
    assert own(orphan, declared("another")) == orphan, "its owner was deleted by itself, and this one adopts it"
