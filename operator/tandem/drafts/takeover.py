"""The take-over of what runs already: a draft, the objects as they were, and the steps, each with its way back."""

import json
import math
import re
import shlex
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
_MODEL: Final = "<model>"
"""Stands in commands for the words by which kubectl finds the ModelDeployment: one file, or two put together."""

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
    if not _NAME.match(chosen):
        raise Unreadable(f"{chosen!r} is no name for a ModelDeployment: give one with --name")
    if taken := _taken(chosen, service, around):
        raise Unreadable(f"{taken}: choose another --name, or leave it out")
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


def plan_text(takeover: Takeover, folder: str, model: str) -> str:
    """Return the plan for people, in Markdown; ``folder`` is where the files are, ``model`` as in `kubectl apply`."""
    draft = takeover.draft
    told = (
        "Each step can be taken back, and none loses a request, but for what the end of this plan says is not carried "
        "over. Take them in order, and the next one only when all commands of the one before have succeeded. All "
        f"objects are in the namespace {draft.namespace}."
    )
    lines = [f"# Taking over as ModelDeployment {draft.name}", "", told]
    for number, step in enumerate(takeover.steps, start=1):
        lines += ["", f"## {number}. {step.title}", "", step.why, ""]
        commands, back = (
            [f"    {command.replace(_HERE, folder).replace(_MODEL, model)}" for command in each]
            for each in (step.commands, step.back)
        )
        lines += [*commands, "", "Back:", "", *back]
    lines += ["", "## What is not carried over", ""]
    lines += [f"- {each}" for each in takeover.lost] or ["Nothing that was found."]
    return "\n".join([*lines, ""])


def _name(deployment: str, service: Object | None, around: Around) -> str:
    """Return the Service's name, so that callers inside the cluster need not change theirs; else one that is free."""
    own: list[str] = [] if service is None else [service["metadata"]["name"]]
    names = (*own, deployment, f"{deployment}-model", f"{deployment}-tandem", "")
    return next(name for name in names if _taken(name, service, around) is None)


def _taken(name: str, service: Object | None, around: Around) -> str | None:
    """Say what has the name already that an object of Tandem's would have; None where it is free or handed over.

    Without a look at it the plan would hand over a Service that callers then find at another port, or other pods'.
    """
    if any(route["metadata"]["name"] == name for route in around.routes):
        return f"HTTPRoute {name} exists already, and the model's own would have its name"
    found = next((each for each in around.services if each["metadata"]["name"] == name), None)
    if found is None:
        return None
    if service is None or service["metadata"]["name"] != name:
        return f"Service {name} is not the one that leads to the Deployment's pods, and the model's would have its name"
    if not keeps_its_port(service):
        return f"Service {name} cannot be handed over: the model's has the one port 80, called http"
    return None


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
                f"kubectl apply {_MODEL}",
                f"kubectl wait md/{self.name} {self._n} --timeout=10m --for=jsonpath='{serving}'={first}",
            ),
            f"Nobody's requests go to it yet.{routed}",
            (f"kubectl delete {_MODEL}",),
        )

    def _switch(self) -> Step | None:
        if self.traffic.route is None:
            return None
        name = self.traffic.route["metadata"]["name"]
        patch = """'[{"op":"remove","path":"/spec/traffic/gateway"}]'"""
        sharers = ", ".join(self.traffic.sharers)
        shared = f" Service {sharers} gets none of these requests any more." if sharers else ""
        command, back, why = self._part_out(name) if self.traffic.part else self._route_out(name)
        return Step(
            "Let the gateway send requests to it",
            (command,),
            f"{why}{shared} The gateway changes over in one go.",
            (back, f"kubectl patch md {self.name} {self._n} --type=json -p {patch}"),
        )

    def _route_out(self, name: str) -> tuple[str, str, str]:
        """Return the command that deletes the old route, the way back, and why."""
        return (
            f"kubectl delete httproute {name} {self._n}",
            f"kubectl apply -f {_HERE}/{FOLDER}/route.yaml",
            "The model's route has no older one beside it then.",
        )

    def _part_out(self, name: str) -> tuple[str, str, str]:
        """Return the same where the route holds more than what the model takes over: all else is left as it is."""
        assert self.traffic.part is not None and self.traffic.gateway is not None
        place, value = self.traffic.part.place, self.traffic.part.value
        # If the route has been changed since it was read, another rule may be in this place: the test finds it out.
        out = [{"op": "test", "path": place, "value": value}, {"op": "remove", "path": place}]
        patch = f"kubectl patch httproute {name} {self._n} --type=json -p"
        back = [{"op": "add", "path": place, "value": value}]
        why = (
            f"HTTPRoute {name} holds more than this model's path: only {self.traffic.gateway['path']} is taken out of "
            "it, all else stays as it is. Take it out of whatever applies that route too, or it comes back."
        )
        return f"{patch} {shlex.quote(json.dumps(out))}", f"{patch} {shlex.quote(json.dumps(back))}", why

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
                f"Service {name} goes on leading to the old pods. Its callers, and what routes and Ingresses still "
                f"lead to it, change to Service {self.name} (port 80); the next step has to wait for them.",
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
