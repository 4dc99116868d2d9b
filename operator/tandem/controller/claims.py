"""Which ModelDeployment has a host and path of a gateway: the oldest that asks for it, whoever is reconciled first."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from tandem.api.objects import ModelDeployment
from tandem.cluster.cache import Key

Place = tuple[str, str, str, str]
"""Gateway namespace and name, host (``*`` for all), path without trailing slash."""

Listener = tuple[str | None, int | None]
"""Name and port of the gateway's listeners that are asked for; None for all of them."""

Places = Mapping[Place, frozenset[Listener]]

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class RouteClaims:
    """Places claimed by ModelDeployments."""

    def __init__(self, deployments: Iterable[ModelDeployment]) -> None:
        self._places: dict[Key, tuple[datetime, str, Places]] = {}
        self._claimants: dict[Place, set[Key]] = {}
        for deployment in deployments:
            self.put(deployment)

    def put(self, deployment: ModelDeployment) -> set[Key]:
        """Note what a ModelDeployment claims; return the others that are concerned by the change."""
        meta = deployment.metadata
        key = (meta.namespace, meta.name)
        wanted = places(deployment)
        before = self._places.get(key)
        if before is not None and before[1:] == (meta.uid, wanted):
            return set()
        concerned = self.drop(key)
        self._places[key] = (meta.creation_timestamp or _BEGINNING, meta.uid, wanted)
        for place in wanted:
            claimants = self._claimants.setdefault(place, set())
            concerned |= claimants
            claimants.add(key)
        return concerned

    def drop(self, key: Key) -> set[Key]:
        """Forget a ModelDeployment; return the others that claimed one of its places."""
        _, _, held = self._places.pop(key, (_BEGINNING, "", {}))
        concerned: set[Key] = set()
        for place in held:
            claimants = self._claimants[place]
            claimants.discard(key)
            concerned |= claimants
            if not claimants:
                del self._claimants[place]
        return concerned

    def holder(self, key: Key) -> tuple[Key, Place] | None:
        """Return who has a place that ``key`` claims as well and claimed it first; None if nobody does."""
        age, uid, wanted = self._places[key]
        for place in sorted(wanted):
            for other in sorted(self._claimants[place] - {key}):
                other_age, other_uid, theirs = self._places[other]
                if (other_age, other_uid) < (age, uid) and _meet(wanted[place], theirs[place]):
                    return other, place
        return None


def places(deployment: ModelDeployment) -> Places:
    """Return the places that a ModelDeployment claims, with the listeners on which it does."""
    gateway = deployment.spec.traffic.gateway
    if gateway is None:
        return {}
    path = gateway.path.rstrip("/") or "/"
    found: dict[Place, frozenset[Listener]] = {}
    for parent in gateway.parent_refs:
        for host in gateway.hostnames or ["*"]:
            place = (parent.namespace or deployment.metadata.namespace, parent.name, host.lower(), path)
            found[place] = found.get(place, frozenset()) | {(parent.section_name, parent.port)}
    return found


def _meet(some: Iterable[Listener], others: Collection[Listener]) -> bool:
    """Tell whether any request may come by a listener of both."""
    return any(
        all(mine is None or theirs is None or mine == theirs for mine, theirs in zip(one, other, strict=True))
        for one in some
        for other in others
    )
