"""kopf is set up to listen, and to do nothing else."""

import asyncio
from dataclasses import replace
from itertools import islice

import kopf
import pytest
from kubernetes.aio.client import Configuration

from tandem.cluster.connection import Connection
from tandem.cluster.kinds import MANAGED_SELECTOR, WATCHED
from tandem.controller import watches
from tests.unit.controller.virtual_time import in_virtual_time


@pytest.fixture
def registry() -> kopf.OperatorRegistry:
    async def nothing() -> None:
        return None

    connection = Connection(Configuration(host="https://127.0.0.1:6443"), inside=False)
    return watches.registry(WATCHED, connection, lambda *_: None, list, nothing)


def test_there_are_only_handlers_that_kopf_stores_nothing_for(registry: kopf.OperatorRegistry) -> None:
    assert len(registry._watching.get_all_handlers()) == len(WATCHED)
    for kind in (registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert not kind.get_all_handlers()


def test_others_objects_are_filtered_by_the_server() -> None:
    selectors = watches.settings(WATCHED).watching.label_selectors
    assert len(selectors) == sum(kind.selector is not None for kind in WATCHED)
    assert set(selectors.values()) == {MANAGED_SELECTOR}


def test_an_api_server_that_is_away_is_waited_for_without_end() -> None:
    backoffs = watches.settings(WATCHED).networking.error_backoffs
    assert not isinstance(backoffs, float)
    assert list(islice(backoffs, 1000))[-1] == 10.0
    assert list(islice(backoffs, 2)) == [1.0, 2.0]


def test_storages_write_nothing() -> None:
    persistence = watches.settings(WATCHED).persistence
    body = kopf.Body({"metadata": {"name": "fraud", "annotations": {"a": "b"}}, "spec": {"x": 1}})
    assert persistence.diffbase_storage.build(body=body) == {}
    assert persistence.diffbase_storage.fetch(body=body) is None


def test_credentials_that_were_refused_once_may_be_good_the_next_time() -> None:
    async def main() -> None:
        connection = Connection(Configuration(host="https://127.0.0.1:6443"), inside=False)
        connection.configuration.api_key["BearerToken"] = "bearer abc"  # as the library writes it
        logins = watches.Logins(connection)
        loop = asyncio.get_running_loop()
        began = loop.time()
        first = await logins.login()
        assert loop.time() == began
        second = await logins.login()
        assert loop.time() == began + watches.AGAIN_AFTER
        assert (first.server, first.scheme, first.token) == ("https://127.0.0.1:6443", "bearer", "abc")
        assert first != second
        assert replace(first, priority=0) == replace(second, priority=0)

    in_virtual_time(main())
