"""A model as its team sees it: applied, waited for, called. The words that the end-to-end tests are written in."""

import copy
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.kube.client import Kube, Object, conditions
from dev.kube.history import WeightChange, weight_changes
from dev.kube.watch import Watch
from dev.traffic.process import Traffic

DEFAULT_SECONDS = 180.0
"""Longest time for anything that includes starting pods on a busy machine with two cores."""

QUICK_STEPS = [{"weight": 50, "hold": "2s"}]
CANARY_STEPS = [{"weight": 10, "hold": "5s"}, {"weight": 50, "hold": "2s"}]


def spec(version: str, path: str, name: str = "digits") -> Object:
    """Return a ModelDeployment's spec for one version of an example: quick to judge, and gentle to the machine."""
    return {
        "owners": {"engineering": {"team": "e2e", "contact": "e2e@example.com"}},
        "model": {"image": f"tandem.local/{name}:{version}", "service": name.capitalize()},
        "requirements": {"availability": "99%"},
        "serving": {
            "timeout": "10s",
            "replicas": {"min": 1},
            "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "600Mi"}},
        },
        "rollout": {
            "steps": copy.deepcopy(QUICK_STEPS),
            "evidence": {"falseRollback": "1%", "budget": "10%"},
            "watch": "5s",
        },
        "traffic": {"gateway": {"parentRefs": [{"name": "public", "namespace": "gateway"}], "path": path}},
    }


class SentBack(Exception):
    """A version that was to be promoted was sent back."""


@dataclass
class Model:
    """A ModelDeployment in a namespace of its own."""

    kube: Kube
    namespace: str
    deployments: Watch
    revisions: Watch
    routes: Watch
    rows: Path
    out: Path
    """Where outcomes of traffic are kept."""
    name: str = "digits"
    """Of the example, and of the object."""
    declared: Object = field(default_factory=dict)
    """The spec that was applied last."""
    applied: tuple[str, int] = ("", 0)
    """Uid and generation that the object had after that."""

    def apply(self, version: str | None = None, **changes: Any) -> float:
        """Apply a version, with some sections of the spec merged in; returns when, in seconds since the epoch."""
        declared = copy.deepcopy(self.declared) or spec("first", f"/{self.namespace}", self.name)
        if version is not None:
            declared["model"]["image"] = f"tandem.local/{self.name}:{version}"
        for section, change in changes.items():
            declared[section] = _merged(declared.get(section), change)
        self.declared = declared
        moment = time.time()
        self.kube.apply(self.manifest())
        meta = self.kube.get("modeldeployment", self.name, self.namespace)["metadata"]
        self.applied = (meta["uid"], meta["generation"])
        return moment

    def manifest(self) -> Object:
        """Return the object that was applied last."""
        return {
            "apiVersion": "tandem.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": self.declared,
        }

    def given(self, version: str, **changes: Any) -> "Model":
        """Have a version in production, with nothing else going on."""
        self.apply(version, **changes)
        self.wait("Ready")
        self.until_phase("Serving")
        return self

    def wait(self, condition: str, status: str = "True", seconds: float = DEFAULT_SECONDS) -> Object:
        """Wait for a condition that speaks of the spec as it is now; returns the object.

        Raises ``SentBack`` at once where Ready is waited for and the version is sent back instead.
        """

        def holds(thing: Object) -> bool:
            found = conditions(thing).get(condition)
            current = found is not None and found["observedGeneration"] >= thing["metadata"]["generation"]
            rejected = status_of(thing).get("rejected")
            if (
                (condition, status) == ("Ready", "True")
                and rejected
                and _observed(thing)
                and "Stalled" in conditions(thing)
            ):
                raise SentBack(f"{rejected['revision']}: {rejected['reason']}: {rejected['message']}")
            return found is not None and current and found["status"] == status

        return self.until(holds, seconds, f"{condition}={status}")

    def until_phase(self, *phases: str, seconds: float = DEFAULT_SECONDS) -> Object:
        """Wait until the phase of the spec as it is now is one of these."""
        return self.until(
            lambda thing: _observed(thing) and status_of(thing).get("phase") in phases, seconds, f"phase {phases}"
        )

    def until_candidate(self, version: str, weight: int = 0, seconds: float = DEFAULT_SECONDS) -> Object:
        """Wait until a version is the candidate, with at least this weight on the live route."""

        def is_candidate(thing: Object) -> bool:
            candidate = (status_of(thing).get("candidate") or {}).get("revision")
            is_it = candidate is not None and candidate == self.revision_of(version)
            return is_it and self.live_weight(version) >= weight

        return self.until(is_candidate, seconds, f"{version} is the candidate with {weight} % or more")

    def until(self, check: Any, seconds: float, what: str) -> Object:
        """Wait until the object is as ``check`` wants it; what the watch saw before the last apply does not count."""
        uid, generation = self.applied

        def holds(thing: Object) -> bool:
            meta = thing["metadata"]
            return meta["uid"] == uid and meta["generation"] >= generation and bool(check(thing))

        return self.deployments.until(self.name, holds, seconds, what)

    def status(self) -> Object:
        """Return the status as it is now."""
        return status_of(self.kube.get("modeldeployment", self.name, self.namespace))

    def conditions(self) -> dict[str, Object]:
        """Return the conditions as they are now."""
        return conditions({"status": self.status()})

    def revision_of(self, version: str) -> str | None:
        """Return the name of the newest revision of a version, as far as the watch has seen."""
        image = f"tandem.local/{self.name}:{version}"
        found = [seen.name for seen in self.revisions.history() if seen.object["spec"]["image"] == image]
        return found[-1] if found else None

    def revision(self, version: str) -> Object:
        """Return the revision of a version as it is now."""
        name = self.revision_of(version)
        assert name is not None, f"there is no revision of {version}"
        return self.kube.get("modelrevision", name, self.namespace)

    def weights(self) -> list[WeightChange]:
        """Return the weights that the route had, by revision."""
        return weight_changes(self.routes.history(self.name))

    def live_weight(self, version: str) -> int:
        """Return the weight of a version on the live route."""
        changes, name = self.weights(), self.revision_of(version)
        return changes[-1].weights.get(name, 0) if changes and name is not None else 0

    def weights_of(self, version: str, since: float = 0.0) -> list[int]:
        """Return the weights that a version had one after the other."""
        name = self.revision_of(version)
        seen = [change.weights.get(str(name), 0) for change in self.weights() if change.at >= since]
        return [weight for i, weight in enumerate(seen) if i == 0 or seen[i - 1] != weight]

    def slots(self) -> tuple[str | None, str | None]:
        """Return the versions that are stable and candidate now."""
        status = self.status()
        images = {
            item["metadata"]["name"]: item["spec"]["image"] for item in self.kube.list("modelrevisions", self.namespace)
        }

        def version(slot: str) -> str | None:
            name = (status.get(slot) or {}).get("revision")
            return images[name].rpartition(":")[2] if name in images else None

        return version("stable"), version("candidate")

    def decide(self, version: str, verb: str, decision_id: str) -> None:
        """Step in as a person does: patch a decision into the revision."""
        name = self.revision(version)["metadata"]["name"]
        self.kube.patch(
            "modelrevision", name, self.namespace, {"spec": {"decision": {"verb": verb, "id": decision_id}}}
        )

    def traffic(self, rate: float = 50.0, name: str = "outcomes") -> AbstractContextManager[Traffic]:
        """Have steady traffic through the gateway flow while the block runs."""
        url = f"{self.kube.gateway_url}/{self.namespace}"
        return Traffic(url, self.rows, self.out / f"{name}.jsonl", rate=rate, seconds=420)

    def events(self) -> list[str]:
        """Return the reasons of the events about this model, oldest first."""
        found = self.kube.list("events", self.namespace)
        about = [event for event in found if event["involvedObject"]["name"].startswith(self.name)]
        return [
            event["reason"] for event in sorted(about, key=lambda event: str(event["metadata"]["creationTimestamp"]))
        ]

    def pods(self, version: str) -> list[Object]:
        """Return the pods of a version."""
        return self.kube.list("pods", self.namespace, f"tandem.dev/revision={self.revision_of(version)}")


def status_of(thing: Mapping[str, Any]) -> Object:
    """Return the status of an object, empty before it has one."""
    status = thing.get("status") or {}
    assert isinstance(status, dict)
    return status


def _observed(thing: Object) -> bool:
    return bool(status_of(thing).get("observedGeneration", 0) >= thing["metadata"]["generation"])


def _merged(old: Any, change: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(change, dict):
        return copy.deepcopy(change)
    merged = {**old, **{key: _merged(old.get(key), value) for key, value in change.items()}}
    return {key: value for key, value in merged.items() if value is not None}
