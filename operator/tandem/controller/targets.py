"""The pods of the versions that matter, as those who read their counters know them."""

from collections.abc import Callable, Mapping

from tandem.api.objects import ModelDeployment
from tandem.rollout.observation import Observation, PodState, RevisionState
from tandem.signals import NamedMetric, PodTarget, named_metrics


def targets_of(deployment: ModelDeployment, seen: Observation, wanted: set[str]) -> list[PodTarget]:
    """Return the pods of these versions that have an address."""
    namespace, metrics = deployment.metadata.namespace, named_metrics(deployment.spec.rollout.evidence)
    return [
        _target(namespace, name, pod, metrics)
        for name in sorted(wanted & seen.revisions.keys())
        for pod in seen.revisions[name].pods
        if pod.ip is not None
    ]


def with_ready_pod(namespace: str, states: Mapping[str, RevisionState], holds: Callable[[str], bool]) -> frozenset[str]:
    """Return the revisions with a ready pod of which this holds, by `PodTarget.key`."""
    return frozenset(
        name
        for name, state in states.items()
        if any(pod.ready and pod.ip and holds(_target(namespace, name, pod).key) for pod in state.pods)
    )


def _target(namespace: str, revision: str, pod: PodState, metrics: tuple[NamedMetric, ...] = ()) -> PodTarget:
    ip = pod.ip or ""
    return PodTarget(namespace, pod.name, pod.uid, pod.restarts, revision, ip, ready=pod.ready, metrics=metrics)
