"""Whose an object is, and whether it says what it should."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from tandem.api.names import DEPLOYMENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL


class Ownership(Enum):
    """Whose an object is, seen from the owner that it should have."""

    OURS = "ours"
    ORPHAN = "orphan"
    """Made by Tandem, owned by nobody: its owner was deleted with --cascade=orphan. It may be adopted."""
    PREDECESSOR = "predecessor"
    """Of an owner of the same kind and name that is gone or going; Kubernetes is about to delete it."""
    FOREIGN = "foreign"
    """Somebody else's: not to be touched."""


def ownership(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Ownership:
    """Return whose ``live`` is, given the metadata that Tandem wants it to have."""
    owner = wanted["ownerReferences"][0]
    return owned_by(live, owner["kind"], owner["name"], owner["uid"], wanted["labels"][DEPLOYMENT_LABEL])


def owned_by(live: Mapping[str, Any], kind: str, name: str, uid: str, deployment: str) -> Ownership:
    """Return whose ``live`` is, seen from the owner of this kind, name and uid."""
    meta = live["metadata"]
    labels = meta.get("labels") or {}
    made_here = labels.get(MANAGED_BY_LABEL) == MANAGED_BY and labels.get(DEPLOYMENT_LABEL) == deployment
    controllers = [ref for ref in meta.get("ownerReferences") or [] if ref.get("controller")]
    if not made_here:
        return Ownership.FOREIGN
    if not controllers:
        return Ownership.ORPHAN
    if controllers[0]["uid"] == uid:
        return Ownership.OURS
    same = controllers[0]["kind"] == kind and controllers[0]["name"] == name
    return Ownership.PREDECESSOR if same else Ownership.FOREIGN


def speaks_for(live: Mapping[str, Any], kind: str, name: str, uid: str, deployment: str) -> bool:
    """Tell whether what ``live`` says is said of this owner: it is its own, or an orphan that stays.

    Names repeat where something is deleted and made anew: what a predecessor left says nothing of its successor.
    """
    whose = owned_by(live, kind, name, uid, deployment)
    return whose is Ownership.OURS or (whose is Ownership.ORPHAN and "deletionTimestamp" not in live["metadata"])


def says(live: Any, wanted: Any) -> bool:
    """Tell whether ``live`` has everything that ``wanted`` has; what the API server added beside it does not matter."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(key in live and says(live[key], part) for key, part in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(says, live, wanted))
    return bool(live == wanted)
