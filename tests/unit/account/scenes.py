"""Scenes that a person may be called to: reached by Tandem's own decisions, with the declaration of a real model."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tandem.account.seen import LastChange, Seen
from tandem.api.objects import ModelDeployment, parse_deployment, parse_revision
from tandem.judge import VerdictKind
from tandem.manifests.declared import declare
from tandem.manifests.edges import edges
from tandem.manifests.revision import revision_manifest
from tandem.rollout.observation import RevisionState, Trouble
from tests.unit.rollout import situations
from tests.unit.rollout.world import World, verdict_of

LIMITS: Final = {"a": "1Gi", "b": "512Mi"}
ENV: Final = {"a": "secret-one", "b": "secret-two"}
VERDICT: Final = {
    "verdict": "Undecided",
    "metric": "errors",
    "candidate": {"requests": 120, "bad": 0, "rate": 0.0, "low": 0.0, "high": 0.0371},
    "stable": {"requests": 1100, "bad": 1, "rate": 0.0009091, "low": 0.00002, "high": 0.006},
    "eValue": 2.1,
    "warmed": True,
    "sentence": "too little traffic: in this step candidate failed none of 120 requests, stable 1 of 1,100; "
    "about 480 more to the candidate settle it if none failed",
}


def spec(version: str) -> dict[str, Any]:
    """What both teams declared of a version."""
    return {
        "purpose": "Score card payments before authorisation",
        "tier": "Critical",
        "owners": {
            "dataScience": {"team": "risk-models", "contact": "risk-models@example.com"},
            "engineering": {"team": "payments-platform", "contact": "payments-oncall@example.com"},
        },
        "consumers": [{"team": "checkout", "contact": "checkout@example.com", "timeout": "300ms"}],
        "runbook": "https://wiki.example.com/fraud",
        "fallback": "let payments below 50 EUR pass, refuse the others",
        "model": {
            "image": f"registry.example.com/fraud:{version}",
            "service": "Fraud",
            "env": [{"name": "KEY", "value": ENV.get(version, "x")}],
        },
        "serving": {"resources": {"limits": {"memory": LIMITS.get(version, "1Gi")}}},
        "traffic": {"gateway": {"parentRefs": [{"name": "public"}], "path": "/fraud"}},
    }


def seen(world: World, verdicts: Mapping[str, Any] | None = None, **changes: Any) -> Seen:
    """Return the world as the command line would read it; ``verdicts`` by revision."""
    md = world.deployment()
    body = {"metadata": md.metadata.model_dump(mode="json", by_alias=True), "status": world.status}
    deployment = parse_deployment({**body, "spec": {**spec(world.version), "rollout": md.spec.rollout.to_dict()}})
    states = {
        name: replace(state, revision=_with_declaration(state, (verdicts or {}).get(name)))
        for name, state in world.observe().revisions.items()
    }
    change = LastChange("kubectl-client-side-apply", world.now - timedelta(minutes=3), "Update")
    return replace(Seen(deployment, states, change), **changes)


def _with_declaration(state: RevisionState, verdict: Any) -> Any:
    number, version = state.revision.spec.number, state.revision.spec.image
    md: ModelDeployment = parse_deployment(
        {"metadata": {"name": "fraud", "namespace": "payments"}, "spec": spec(version)}
    )
    made = revision_manifest(md, declare(md.spec, {}), number, edges(md.spec.requirements))
    status = state.revision.status.to_dict() | ({"verdict": verdict} if verdict else {})
    return parse_revision({**made, "metadata": {**made["metadata"], "uid": f"uid-{state.name}"}, "status": status})


def first() -> Seen:
    """The first version starts."""
    return seen(situations.starting())


def serving() -> Seen:
    """One version, all is well."""
    return seen(situations.serving())


def rolling_out() -> Seen:
    """A canary at 10 %, not settled yet."""
    world = situations.canary()
    world.pass_time(95)
    world.round()
    return seen(world, {"fraud-r2": VERDICT})


def watching() -> Seen:
    """A new version was promoted."""
    world = situations.watching()
    world.pass_time(125)
    world.round()
    return seen(world)


def rolled_back() -> Seen:
    """A version was sent back for its errors."""
    world = situations.sent_back()
    world.pass_time(7 * 60)
    against = VERDICT | {"verdict": "RollBack", "sentence": situations.BAD.sentence}
    return seen(world, {"fraud-r2": against})


def paused() -> Seen:
    """A person holds the canary."""
    world = situations.canary()
    world.order("fraud-r2", "Pause", "INC-7")
    world.round()
    return seen(world, {"fraud-r2": VERDICT})


def suspicious() -> Seen:
    """The evidence speaks against the canary, and is not enough to send it back."""
    world = situations.canary()
    world.judge(verdict_of(VerdictKind.HOLD, "candidate failed 9 of 120 requests"))
    world.round()
    return seen(world, {"fraud-r2": VERDICT | {"verdict": "Hold", "sentence": "candidate failed 9 of 120 requests"}})


def stalled() -> Seen:
    """The new version's image cannot be pulled."""
    world = situations.started()
    pods = world.pods("fraud-r2")
    message = 'pod {}: Back-off pulling image "registry.example.com/fraud:b"'
    for pod in pods:
        world.make_unready([pod], Trouble("ImagePullBackOff", message.format(pod.name)))
        pod.failing_since = None
    world.pass_time(10 * 60)
    world.round()
    world.pass_time(60)
    world.round()
    return seen(world)


def degraded() -> Seen:
    """No pod of the version that serves is ready."""
    world = situations.settled()
    for pod in world.pods("fraud-r2"):
        world.restart(pod)
    world.round()
    world.pass_time(90)
    world.round()
    return seen(world)


def frozen() -> Seen:
    """A person keeps new versions from starting."""
    world = situations.serving()
    world.order("fraud-r1", "Freeze", "INC-9")
    world.round()
    world.declare(version="b")
    situations.rounds(world, 2)
    return seen(world)


def unreadable_pods() -> Seen:
    """The user may not read pods."""
    found = rolling_out()
    states = {name: replace(state, pods=()) for name, state in found.states.items()}
    told = 'Pods: User "eve" cannot list resource "pods"; the ClusterRole view of that namespace includes it'
    return replace(found, states=states, pods_read=False, unread=(told,))


def unready() -> Seen:
    """All is well with what runs, and its declaration lacks a good deal."""
    found = serving()
    readiness = [
        {"check": check, "outcome": outcome, "severity": severity, "side": side, "message": message, "fix": "Say it.",
         **({"waivedUntil": until} if until else {})}
        for check, outcome, severity, side, message, until in (
            ("TDM012", "Fail", "Error", "Engineering", "one pod serves: losing it is an outage", None),
            ("TDM008", "Unknown", "Error", "Both", "nobody has looked", None),
            ("TDM030", "Fail", "Warning", "Both", "the review was due", "2199-01-01"),
            ("TDM009", "Fail", "Warning", "Both", "throughput.peak is not declared", "2020-01-01"),
            ("TDM013", "Fail", "Warning", "DataScience", "no edge case is declared", None),
            ("TDM014", "Fail", "Warning", "DataScience", "no slices, though people are the subjects", None),
            ("TDM031", "Fail", "Info", "Both", "measured before there was an image", None),
        )
    ]  # fmt: skip
    status = {**found.deployment.status.to_dict(), "readiness": readiness}
    return replace(found, deployment=parse_deployment({**found.deployment.to_dict(), "status": status}))


SCENES: Final = {
    scene.__name__: scene
    for scene in (
        first, serving, rolling_out, watching, rolled_back, paused, suspicious, stalled, degraded, frozen,
        unreadable_pods, unready,
    )
}  # fmt: skip
