"""Checks of how it is run, against what was measured: pods, memory, start-up, threads, nodes."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tandem.api.profile import Profile
from tandem.api.requirements import Requirements
from tandem.api.values import duration_seconds, percent_share, quantity_amount
from tandem.manifests.fields import STARTUP_DEADLINE_SECONDS
from tandem.readiness.answers import Answer, Severity, Side, Where, fails, not_applicable, passes, unknown
from tandem.readiness.checks import Levels, Question
from tandem.readiness.facts import Facts
from tandem.readiness.measured import PROFILE_CHECK, of_profile, repository, where_measured
from tandem.readiness.numbers import duration, mebibytes
from tandem.rollout.terms import objectives

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

MEMORY_ROOM: Final = 1.1
"""A limit is to be this many times what was measured: a few minutes of load do not show the most that is ever used."""

STARTUP_ROOM: Final = 1.5
"""A deadline is to be this many times what was measured: nodes differ, and start several pods at a time."""

BENTO_THREADS: Final = 8
"""Threads of one worker that are not for arithmetic; 2 were measured of a bento with one worker, libraries add some."""

THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
HOSTNAME: Final = "kubernetes.io/hostname"


@Question(
    id=PROFILE_CHECK,
    title="What the bento needs was measured, with this image",
    side=Side.BOTH,
    levels=Levels(None, WARNING, ERROR),
    why="Replicas, memory and the startup deadline are guesses until somebody has measured; a guess fails at the peak.",
    fix="Measure it with `tandem profile`, apply the ConfigMap that it writes, and name it in spec.profile.",
    accept="spec.profile names a profile of the declared image, measured in the cluster with the declared resources.",
    snippet="profile: fraud-profile",
)
def profile(facts: Facts) -> Answer:
    """Ask for a profile of this image. After a routine release, another tag of the same image, it is only mentioned."""
    name, read, image = facts.spec.profile, facts.profile, facts.spec.model.image
    if name is None:
        return fails("spec.profile is not set: nothing was measured", "spec", "profile")
    if read.wrong is not None:
        return fails(f"ConfigMap {name}: {read.wrong}", "spec", "profile")
    if read.profile is None:
        return unknown(f"ConfigMap {name}: {read.unread or 'nobody has looked at it'}", "spec", "profile")
    measured = read.profile.image
    if measured is None:
        return fails(f"ConfigMap {name} was measured before there was an image", "spec", "profile", severity=INFO)
    if repository(measured) != repository(image):
        return fails(f"ConfigMap {name} is of another image, {measured}", "spec", "profile")
    if measured != image:
        told = f"ConfigMap {name} is of {measured}; a routine release needs no new one"
        return fails(told, "spec", "profile", severity=INFO)
    return passes(f"ConfigMap {name} is of this image, {where_measured(read.profile)}")


@Question(
    id="TDM012",
    title="A pod can be lost and a node drained",
    side=Side.ENGINEERING,
    levels=Levels(None, WARNING, ERROR),
    why="Nodes are drained, and pods die. With one pod that is an outage each time: no disruption budget can prevent "
    "it without blocking the drain.",
    fix="Run at least two pods; Tandem spreads them over nodes and gives them a disruption budget.",
    accept="spec.serving.replicas.min is at least 2.",
    snippet="serving:\n  replicas: {min: 2}",
)
def redundancy(facts: Facts) -> Answer:
    """Ask for two pods."""
    pods = facts.spec.serving.replicas.min
    if pods < 2:
        return fails("one pod serves: losing it, or draining its node, is an outage", "spec", "serving", "replicas")
    return passes(f"{pods} pods")


@Question(
    id="TDM013",
    title="The pods carry the peak, with one of them lost",
    side=Side.ENGINEERING,
    levels=Levels(INFO, WARNING, ERROR),
    why="At the peak a pod too few means a queue that only grows: all requests become slow, not only some.",
    fix="Raise spec.serving.replicas.min, or give each pod more CPU; `tandem plan` works it out.",
    accept="What was measured of one pod, times the pods less one, is at least spec.requirements.throughput.peak.",
)
def carries_peak(facts: Facts) -> Answer:
    """Compare what the pods carry within the objectives with the peak."""
    declared = facts.spec.requirements.throughput
    if declared is None or declared.peak is None:
        return not_applicable("no peak is declared")
    measured = of_profile(facts)
    if isinstance(measured, Answer):
        return measured
    each = capacity(measured, facts.spec.requirements)
    if each is None:
        return unknown("no load that was measured keeps to the objectives", because="TDM011")
    pods = facts.spec.serving.replicas.min
    left = max(pods - 1, 1)
    needed = math.ceil(declared.peak / each) + (1 if pods > 1 else 0)
    told = f"one pod carries {each:.3g} requests/s ({where_measured(measured)}); the peak is {declared.peak:g}"
    if left * each < declared.peak:
        fix = f"Set spec.serving.replicas.min to {needed} or more, or give each pod more CPU and measure again."
        short = f"{told}: {needed} pods are needed{' with one to lose' if pods > 1 else ''}, not {pods}"
        return fails(short, "spec", "serving", "replicas", fix=fix)
    return passes(f"{told}: {needed} of {pods} pods are needed")


def capacity(measured: Profile, requirements: Requirements) -> float | None:
    """Return the requests a second that one pod answers within the objectives; None where it was never seen to."""
    limits = {name: duration_seconds(value) for name, value in objectives(requirements).items()}
    granted = 1.0 - percent_share(requirements.availability) if requirements.availability else 0.01
    kept = [
        point.requests_per_second
        for point in measured.load
        if all(getattr(point, name) <= limit for name, limit in limits.items())
        and point.errors <= granted * max(point.requests, 1)
        and point.requests_per_second > 0
    ]
    return max(kept, default=None)


@Question(
    id="TDM015",
    title="The memory limit is above what was measured",
    side=Side.ENGINEERING,
    levels=Levels(WARNING, ERROR, ERROR),
    why="A container that reaches its limit is killed at once, with every request that it was working on.",
    fix=f"Set the limit at least {MEMORY_ROOM:g} times as high as what was measured under load.",
    accept=f"The memory limit is at least {MEMORY_ROOM:g} times what the profile shows under load.",
    snippet="serving:\n  resources: {limits: {memory: 1Gi}}",
)
def memory(facts: Facts) -> Answer:
    """Compare the memory limit with the most that was measured."""
    limit = _amount(_limits(facts), "memory")
    if limit is None:
        return not_applicable("no memory limit is declared")
    measured = of_profile(facts)
    if isinstance(measured, Answer):
        return measured
    used = measured.memory.load_bytes
    told = f"{mebibytes(used)} were used under load ({where_measured(measured)}); the limit is {mebibytes(limit)}"
    if limit < MEMORY_ROOM * used:
        return fails(told, "spec", "serving", "resources", "limits", "memory")
    return passes(told)


@Question(
    id="TDM016",
    title="The startup deadline leaves room above what was measured",
    side=Side.BOTH,
    levels=Levels(WARNING, ERROR, ERROR),
    why="A version that is not ready by the deadline is sent back, and a node under load starts pods more slowly than "
    "an idle one.",
    fix=f"Set spec.serving.startup.deadline at least {STARTUP_ROOM:g} times as long as starting took.",
    accept=f"The startup deadline is at least {STARTUP_ROOM:g} times what the profile shows.",
    snippet="serving:\n  startup: {deadline: 5m}",
)
def startup(facts: Facts) -> Answer:
    """Compare the startup deadline with the start that was measured."""
    measured = of_profile(facts)
    if isinstance(measured, Answer):
        return measured
    declared = facts.spec.serving.startup.deadline if facts.spec.serving.startup else None
    deadline = duration_seconds(declared) if declared else float(STARTUP_DEADLINE_SECONDS)
    took = measured.startup.seconds
    told = f"it took {duration(took)} to start ({where_measured(measured)}); the deadline is {duration(deadline)}"
    if deadline < STARTUP_ROOM * took:
        return fails(told, "spec", "serving", "startup", "deadline")
    return passes(told)


@Question(
    id="TDM017",
    title="The maths libraries use no more threads than there are CPUs",
    side=Side.BOTH,
    levels=Levels(None, WARNING, WARNING),
    why="Maths libraries start a thread for each CPU of the node, not of the pod's limit. They then use the limit up "
    "in a fraction of each 100 ms and all wait for the rest: latency rises many times, and only under load.",
    fix="Set OMP_NUM_THREADS in spec.model.env to the pod's CPU limit, rounded up.",
    accept="Each thread variable that the model's libraries read is at most the CPU limit, or an in-cluster profile "
    "shows that no more threads are started.",
    snippet="model:\n  env:\n  - {name: OMP_NUM_THREADS, value: '2'}",
)
def threads(facts: Facts) -> Answer:
    """Compare the thread count of the maths libraries with the CPU limit."""
    limit = _amount(_limits(facts), "cpu")
    if not limit:
        return not_applicable("no CPU limit is declared")
    allowed = math.ceil(limit)
    declared = {
        each.name: (index, int(each.value))
        for index, each in enumerate(facts.spec.model.env or [])
        if each.name in THREAD_VARIABLES and each.value.isdecimal()
    }
    for name, (index, count) in declared.items():
        if count > allowed:
            return fails(f"{name} is {count}, with a CPU limit of {limit:g}", "spec", "model", "env", index)
    if declared:
        return passes(f"{', '.join(declared)} within the CPU limit of {limit:g}")
    return _threads_as_measured(facts, limit)


def _threads_as_measured(facts: Facts, limit: float) -> Answer:
    measured, where = of_profile(facts), ("spec", "model", "env")
    if isinstance(measured, Answer):
        return measured
    told = f"a worker had {measured.threads} threads ({where_measured(measured)}), and OMP_NUM_THREADS is not set"
    if measured.threads > math.ceil(limit) + BENTO_THREADS:
        return fails(f"{told}; the CPU limit is {limit:g}", *where)
    if measured.setting.where == "Local":
        return unknown(f"{told}: on a node with more CPUs there may be more", *where)
    return passes(told)


@Question(
    id="TDM027",
    title="A node can be drained without waiting for these pods forever",
    side=Side.ENGINEERING,
    levels=Levels(None, WARNING, ERROR),
    why="Where all pods must run on one node, a drain takes one and can start it nowhere else: the disruption budget "
    "then keeps the others there, and the drain hangs. If the node dies, nothing is left.",
    fix=f"Select nodes by what they have (a label for GPUs, a zone), not by {HOSTNAME}.",
    accept=f"No node selector or required affinity names a single {HOSTNAME}.",
)
def drains(facts: Facts) -> Answer:
    """Ask that pods are not tied to one node; a single pod is a matter of its own (TDM012)."""
    if facts.spec.serving.replicas.min < 2:
        return not_applicable("one pod serves")
    where = _tied_to_one_node(facts)
    if where is not None:
        return fails("all pods must run on one node: no disruption budget can be kept while it is drained", *where)
    return passes("pods may run on several nodes")


def _tied_to_one_node(facts: Facts) -> Where | None:
    serving = facts.spec.serving
    if HOSTNAME in (serving.node_selector or {}):
        return ("spec", "serving", "nodeSelector", HOSTNAME)
    terms = list(_node_terms(serving.affinity or {}))
    tied = [term for term in terms if any(_names_one_node(each) for each in _list(term.get("matchExpressions")))]
    return ("spec", "serving", "affinity") if terms and len(tied) == len(terms) == 1 else None


def _node_terms(affinity: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found: Any = affinity
    for key in ("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"):
        found = found.get(key) if isinstance(found, Mapping) else None
    yield from _list(found)


def _names_one_node(expression: Mapping[str, Any]) -> bool:
    one = expression.get("operator") == "In" and len(expression.get("values") or []) == 1
    return one and expression.get("key") == HOSTNAME


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _limits(facts: Facts) -> Mapping[str, str | int]:
    resources = facts.spec.serving.resources
    return (resources.limits if resources else None) or {}


def _amount(limits: Mapping[str, str | int], name: str) -> float | None:
    return float(quantity_amount(limits[name])) if name in limits else None
