"""What the watches saw, as the report needs it: pure functions of the objects' histories."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dev.kube.client import Object
from dev.kube.watch import Seen

Weights = dict[str, int]


@dataclass(frozen=True)
class WeightChange:
    """The weights of a route from a moment on."""

    at: float
    """Seconds since the epoch."""
    weights: Weights
    """Percent of the requests by revision."""


def weights_of(route: Object) -> Weights:
    """Read the weights off an HTTPRoute: backends are named as the revisions."""
    backends = [backend for rule in route["spec"].get("rules") or [] for backend in rule.get("backendRefs") or []]
    return {backend["name"]: int(backend.get("weight", 1)) for backend in backends}


def weight_changes(history: Iterable[Seen]) -> list[WeightChange]:
    """Return each change of the weights, oldest first; what changed otherwise in a route is left out."""
    changes: list[WeightChange] = []
    for seen in history:
        weights = {} if seen.type == "DELETED" else {name: w for name, w in weights_of(seen.object).items() if w > 0}
        if not changes or changes[-1].weights != weights:
            changes.append(WeightChange(seen.at, weights))
    return changes


def weight_at(changes: Sequence[WeightChange], moment: float) -> Weights:
    """Return the weights at a moment, nothing before the first."""
    return next((change.weights for change in reversed(changes) if change.at <= moment), {})


def versions_of(revisions: Iterable[Object]) -> dict[str, str]:
    """Return the model's version by revision: the tag of its image."""
    return {revision["metadata"]["name"]: version_of(revision["spec"]["image"]) for revision in revisions}


def version_of(image: str) -> str:
    """Return the tag of an image."""
    return image.rpartition(":")[2]


def by_version(weights: Mapping[str, int], versions: Mapping[str, str]) -> Weights:
    """Return weights by version instead of by revision."""
    return {versions.get(revision, revision): weight for revision, weight in weights.items()}
