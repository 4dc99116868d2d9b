"""The readiness checks of what is applied, in status: they appear by themselves, and nothing else comes of them."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tandem.cluster.client import Cluster
from tandem.cluster.connection import Connection
from tandem.cluster.kinds import MODEL_DEPLOYMENT, MODEL_REVISION, Kind
from tandem.controller.reconcile import reconciler
from tests.cluster.controller.objects import config_map, model_deployment
from tests.cluster.controller.running import PATIENCE, running
from tests.unit.readiness.objects import PROFILE, body

pytestmark = pytest.mark.cluster

REAL: Any = SimpleNamespace(made_from=reconciler)


async def until(
    cluster: Cluster,
    namespace: str,
    holds: Callable[[dict[str, Any]], bool],
    kind: Kind = MODEL_DEPLOYMENT,
    name: str = "fraud",
) -> dict[str, Any]:
    """Return the model, or another object, once something holds of its status."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await cluster.get(kind, namespace, name)
                if holds(found.get("status") or {}):
                    return found
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"after {PATIENCE:.0f} s its status was {found.get('status')}") from None


def condition(status: dict[str, Any], type_: str = "OperationallyReady") -> dict[str, Any]:
    found: list[dict[str, Any]] = status.get("conditions") or []
    return next((each for each in found if each["type"] == type_), {})


async def test_what_is_missing_is_in_status_and_holds_nothing_up(
    cluster: Cluster, connection: Connection, namespace: str
) -> None:
    made = await cluster.create(model_deployment(namespace, "fraud", tier="Critical"))
    async with running(connection, REAL, namespaces=(namespace,)):
        # A simulated pod is ready at once: who looks for the candidate may find that it serves already.
        found = await until(cluster, namespace, lambda status: bool(condition(status) and status.get("stable")))
        status = found["status"]
        assert condition(status)["status"] == "False" and condition(status)["reason"] == "ChecksFail"
        told = {each["check"]: each for each in status["readiness"]}
        assert {"TDM001", "TDM002", "TDM012", "TDM029"} <= told.keys()
        assert told["TDM029"] | {"fix": ""} == {
            "check": "TDM029", "outcome": "Fail", "severity": "Error", "side": "Engineering",
            "message": "no runbook is linked", "fix": "",
        }  # fmt: skip
        assert found["metadata"]["generation"] == made["metadata"]["generation"]
        await cluster.get(MODEL_REVISION, namespace, "fraud-r1")
        assert condition(status, "Ready") and not condition(status, "Stalled")


async def test_a_complete_model_with_its_profile_is_ready(
    cluster: Cluster, connection: Connection, namespace: str
) -> None:
    profile = config_map(namespace, "fraud-profile") | {"data": {"profile.yaml": yaml.safe_dump(PROFILE)}}
    await cluster.create(profile)
    spec = body(reviewBy="2199-01-01", model={"trained": "2198-01-01"})["spec"]
    spec["traffic"] = {}
    del spec["waivers"]
    await cluster.create(model_deployment(namespace, "fraud", **spec))
    async with running(connection, REAL, namespaces=(namespace,)):
        found = await until(cluster, namespace, lambda status: bool(condition(status)))
        assert found["status"]["readiness"] == []
        assert condition(found["status"])["status"] == "True"
