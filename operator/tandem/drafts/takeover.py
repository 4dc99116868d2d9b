"""The take-over of what runs already: a draft, the objects as they were, and the steps, each with its way back."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tandem.api.names import DEPLOYMENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL, MAX_NAME_LENGTH, revision_name
from tandem.drafts.commented import plain_yaml
from tandem.drafts.deployment import Draft
from tandem.drafts.existing import Existing, Unreadable, keeps_its_port, longest_seconds, read_existing, service_of
from tandem.drafts.routes import Traffic, read_traffic
from tandem.manifests.fields import TIMEOUT_SECONDS

Object = Mapping[str, Any]

FOLDER: Final = "takeover"
_HERE: Final = "<folder>"
"""Stands in commands for the folder in which the files lie."""

_NAME: Final = re.compile(rf"^[a-z]([-a-z0-9]{{0,{MAX_NAME_LENGTH - 2}}}[a-z0-9])?$")
_SERVERS_OWN: Final = frozenset(
    ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "ownerReferences"]
)
_NOTED: Final = ("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision")


@dataclass(frozen=True, slots=True)
class Around:
    """What is around the Deployment in its namespace."""

    services: Sequence[Object] = ()
    routes: Sequence[Object] = ()
    ingresses: Sequence[Object] = ()
    autoscalers: Sequence[str] = ()
    """Names of HorizontalPodAutoscalers of the Deployment."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and how to go back from it."""

    title: str
    commands: tuple[str, ...]
    why: str
    back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Takeover:
    """All that is known of how to take a Deployment over."""

    draft: Draft
    files: Mapping[str, str]
    """The objects as they were, by file name below the folder."""
    steps: tuple[Step, ...]
    lost: tuple[str, ...]


def plan_takeover(existing: Existing, around: Around, name: str | None, owners: Mapping[str, Any]) -> Takeover:
    """Return the take-over of a Deployment. Raises `Unreadable` where no name fits, or nothing can be read of it."""
    meta = existing.deployment["metadata"]
    reading = read_existing(existing)
    service = service_of(existing.deployment, around.services)
    traffic = read_traffic(service["metadata"]["name"] if service else "", around.routes, around.ingresses)
    chosen = name or _name(meta["name"], service, around)
    _check_free(chosen, service, around)
    if not _NAME.match(chosen):
        raise Unreadable(f"{chosen!r} is no name for a ModelDeployment: give one with --name")
    spec: dict[str, Any] = {"tier": "Experiment", "owners": dict(owners), "model": reading.model}
    spec |= {"serving": reading.serving, "traffic": {"gateway": traffic.gateway} if traffic.gateway else {}}
    preface = (
        f"Made from Deployment {meta['name']}, and means the same as far as this can be said here. What cannot be "
        f"carried over, and how to take it over without losing a request, is in {FOLDER}/PLAN.md."
    )
    draft = Draft(chosen, spec, meta["namespace"], preface)
    takeover = _Plan(chosen, existing.deployment, service, traffic, longest_seconds(reading, TIMEOUT_SECONDS))
    scaled = [
        f"HorizontalPodAutoscaler {each}: serving.replicas.min is its size of today" for each in around.autoscalers
    ]
    return Takeover(draft, takeover.files(), takeover.steps(), (*reading.lost, *traffic.lost, *scaled))


def plan_text(takeover: Takeover, folder: str) -> str:
    """Return the plan for people, in Markdown; ``folder`` is where the files are."""
    draft = takeover.draft
    told = (
        "Each step can be taken back, and none loses a request. Take them in order, and the next one only when all "
        f"commands of the one before have succeeded. All objects are in the namespace {draft.namespace}."
    )
    lines = [f"# Taking over as ModelDeployment {draft.name}", "", told]
    for number, step in enumerate(takeover.steps, start=1):
        lines += ["", f"## {number}. {step.title}", "", step.why, ""]
        lines += [f"    {command.replace(_HERE, folder)}" for command in step.commands]
        lines += ["", "Back:", "", *(f"    {command.replace(_HERE, folder)}" for command in step.back)]
    lines += ["", "## What is not carried over", ""]
    lines += [f"- {each}" for each in takeover.lost] or ["Nothing that was found."]
    return "\n".join([*lines, ""])


def _name(deployment: str, service: Object | None, around: Around) -> str:
    """Return the Service's name, so that callers inside the cluster need not change theirs; else one that is free."""
    routes = {route["metadata"]["name"] for route in around.routes}
    if service is not None and keeps_its_port(service) and service["metadata"]["name"] not in routes:
        return str(service["metadata"]["name"])
    taken = {each["metadata"]["name"] for each in around.services} | routes
    return next(name for name in (deployment, f"{deployment}-model", f"{deployment}-tandem", "") if name not in taken)


def _check_free(name: str, service: Object | None, around: Around) -> None:
    """Raise `Unreadable` where the model's own Service or route would be another object that is there already."""
    if service is not None and service["metadata"]["name"] == name and not keeps_its_port(service):
        raise Unreadable(
            f"Service {name} cannot be handed over: a model's has the one port 80, named http; give another --name"
        )
    others = {each["metadata"]["name"] for each in around.services if each is not service}
    if name in others or name in {each["metadata"]["name"] for each in around.routes}:
        raise Unreadable(f"there is another Service or HTTPRoute {name} already: give another --name")


@dataclass(frozen=True, slots=True)
class _Plan:
    name: str
    deployment: Object
    service: Object | None
    traffic: Traffic
    longest: float

    def files(self) -> dict[str, str]:
        objects = {"deployment": self.deployment, "service": self.service, "route": self.traffic.route}
        return {f"{kind}.yaml": plain_yaml(_as_written(each)) for kind, each in objects.items() if each is not None}

    def steps(self) -> tuple[Step, ...]:
        possible = (self._beside(), self._switch(), self._service(), self._delete())
        return tuple(step for step in possible if step is not None)

    @property
    def _n(self) -> str:
        return f"-n {self.deployment['metadata']['namespace']}"

    def _beside(self) -> Step:
        routed = (
            " Its route has the same host and path as the old one: of two such routes the older one gets the requests."
            if self.traffic.route is not None
            else ""
        )
        first, serving = revision_name(self.name, 1), "{.status.stable.revision}"
        return Step(
            "Start the model beside what runs",
            (
                f"kubectl apply -f {_HERE}/model.yaml",
                f"kubectl wait md/{self.name} {self._n} --timeout=10m --for=jsonpath='{serving}'={first}",
            ),
            f"Nobody's requests go to it yet.{routed}",
            (f"kubectl delete -f {_HERE}/model.yaml",),
        )

    def _switch(self) -> Step | None:
        if self.traffic.route is None:
            return None
        name, taken = self.traffic.route["metadata"]["name"], self.traffic.taken
        patch = """'[{"op":"remove","path":"/spec/traffic/gateway"}]'"""
        command = f"kubectl delete httproute {name} {self._n}"
        why = "The model's route has no older one beside it then. The gateway changes over in one go."
        if taken:
            part = json.dumps([{"op": "remove", "path": taken}], separators=(",", ":"))
            command = f"kubectl patch httproute {name} {self._n} --type=json -p '{part}'"
            why += f" What else is in HTTPRoute {name} stays as it is: only what leads to the model is taken out of it."
        return Step(
            "Let the gateway send requests to it",
            (command,),
            why,
            (
                f"kubectl apply -f {_HERE}/{FOLDER}/route.yaml",
                f"kubectl patch md {self.name} {self._n} --type=json -p {patch}",
            ),
        )

    def _is_adopted(self) -> bool:
        return self.service is not None and self.service["metadata"]["name"] == self.name

    def _service(self) -> Step | None:
        if self.service is None:
            return None
        name = self.service["metadata"]["name"]
        if not self._is_adopted():
            return Step(
                "Have callers inside the cluster go over",
                (f"kubectl get service {self.name} {self._n}",),
                f"Service {name} goes on leading to the old pods. Its callers change to Service {self.name} (port 80); "
                "the next step has to wait for them.",
                (f"kubectl get service {name} {self._n}",),
            )
        selector = r"{.spec.selector.tandem\.dev/deployment}"
        labels = (f"{MANAGED_BY_LABEL}={MANAGED_BY}", f"{DEPLOYMENT_LABEL}={self.name}")
        return Step(
            "Hand the Service over",
            (
                f"kubectl label service {name} {self._n} --overwrite {' '.join(labels)}",
                f"kubectl wait service/{name} {self._n} --timeout=1m --for=jsonpath='{selector}'={self.name}",
            ),
            "Callers inside the cluster keep name and address: Tandem takes a Service with these labels for its own, "
            "and points it at the version that serves. First take its old manifest out of whatever applies it.",
            (
                f"kubectl label service {name} {self._n} {MANAGED_BY_LABEL}- {DEPLOYMENT_LABEL}-",
                f"kubectl replace -f {_HERE}/{FOLDER}/service.yaml",
            ),
        )

    def _delete(self) -> Step:
        name = self.deployment["metadata"]["name"]
        return Step(
            "Delete the old Deployment",
            (f"kubectl delete deployment {name} {self._n}",),
            f"Not before {math.ceil(self.longest)} s after the last switch: until then requests may be on their way in "
            "the old pods. Connections that callers inside the cluster keep open stay with the pods that they were "
            "opened to: have such callers open new ones first.",
            (f"kubectl apply -f {_HERE}/{FOLDER}/deployment.yaml",),
        )


def _as_written(live: Object) -> dict[str, Any]:
    """Return an object as somebody would write it: without what the API server adds."""
    meta = {key: value for key, value in live["metadata"].items() if key not in _SERVERS_OWN}
    notes = {key: value for key, value in (meta.pop("annotations", None) or {}).items() if key not in _NOTED}
    kept = {key: value for key, value in live.items() if key not in ("status", "metadata", "apiVersion", "kind")}
    written = {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": meta | ({"annotations": notes} if notes else {}),
    }
    return {**written, **kept}
