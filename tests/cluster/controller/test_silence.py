"""A watch that stands and says nothing: what it missed is found, and the liveness probe tells."""

import asyncio

import httpx
import pytest

from tandem.cluster import kinds
from tandem.cluster.client import Cluster
from tandem.cluster.connection import Connection
from tandem.controller import sweep, watchdog
from tandem.controller.sweep import KindAppeared
from tests.cluster.controller.objects import Object, config_map, model_deployment, ours
from tests.cluster.controller.running import PATIENCE, Recording, running
from tests.cluster.controller.wire import Wire

pytestmark = pytest.mark.cluster


async def answer(url: str, status: int) -> httpx.Response:
    """Ask until the answer has this status; kopf remembers an answer of its probe for ten seconds."""
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as client:
        while (found := await client.get(url)).status_code != status:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return found


async def test_what_a_silent_watch_missed_is_found_and_the_probe_fails(
    cluster: Cluster, connection: Connection, namespace: str, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "GRACE", 2.0)
    recording = Recording()
    key = (namespace, "fraud")
    probe = f"http://127.0.0.1:{free_port}/healthz"
    direct = connection.configuration.host
    async with Wire(direct).spanned() as wire:
        connection.configuration.host = wire.url
        async with running(connection, recording, liveness=probe, sweep_interval=1.0, namespaces=(namespace,)):
            await create_at(connection, direct, model_deployment(namespace, "fraud"))
            await recording.until(lambda: any(seen["itself"] for seen in recording.of(key)))
            await answer(probe, 200)
            # From here on only kopf goes by the wire: our own requests find the API server as before.
            connection.configuration.host = direct
            wire.cut()
            model = await create_at(connection, direct, config_map(namespace, "fraud-r1-bento", ours("fraud")))
            await recording.until(lambda: "ConfigMap" in recording.seen(key))
            await answer(probe, 500)
            wire.mend()
            await answer(probe, 200)
            await cluster.delete(kinds.CONFIG_MAP, namespace, "fraud-r1-bento", model["metadata"]["uid"])
            await recording.until(lambda: "ConfigMap" not in recording.seen(key))


async def create_at(connection: Connection, url: str, obj: Object) -> Object:
    """Create an object by way of a client of its own."""
    configuration = connection.configuration
    before, configuration.host = configuration.host, url
    async with Cluster(configuration) as client:
        made = await client.create(obj)
    configuration.host = before
    return made


async def test_the_operators_own_metrics_are_served(
    connection: Connection, cluster: Cluster, namespace: str, free_port: int
) -> None:
    recording = Recording()
    async with running(
        connection, recording, namespaces=(namespace,), metrics_host="127.0.0.1", metrics_port=free_port
    ):
        await cluster.create(model_deployment(namespace, "fraud"))
        await recording.until(lambda: bool(recording.calls))
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{free_port}/metrics")).text
    assert "tandem_queue_depth 0.0" in text
    assert "tandem_reconcile_seconds_count 1.0" in text
    assert 'tandem_watch_events_total{kind="ModelDeployment"} 1.0' in text


async def test_a_kind_that_is_installed_later_ends_the_process(
    cluster: Cluster, connection: Connection, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = kinds.Kind(f"{namespace}.example.com/v1", "things", "Thing")
    monkeypatch.setattr(sweep, "WATCHED", (*kinds.WATCHED, thing))
    monkeypatch.setattr(sweep, "OPTIONAL", frozenset({thing}))
    monkeypatch.setattr(sweep, "_LOOK_FOR_MISSING_KINDS", 0.5)
    definitions = kinds.Kind("apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition", False)
    monkeypatch.setattr(kinds, "KINDS", {**kinds.KINDS, (definitions.api_version, definitions.kind): definitions})
    with pytest.raises(KindAppeared, match="Thing has been installed"):
        async with running(connection, Recording()) as operator:
            made = await cluster.create(definition_of(thing))
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait({operator})
    await cluster.delete(definitions, "", made["metadata"]["name"], made["metadata"]["uid"])


def definition_of(kind: kinds.Kind) -> Object:
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {"kind": kind.kind, "plural": kind.plural},
            "versions": [version],
        },
    }
