"""What to do about each reason, and whose business it is. docs/concepts.md tells the same at more length."""

from dataclasses import dataclass
from typing import Final, Literal

Side = Literal["dataScience", "engineering"]


@dataclass(frozen=True)
class Remedy:
    """What to do, and the owner who can."""

    side: Side
    text: str


def remedy(reason: str) -> Remedy | None:
    """Return what to do about a reason; None where the message has to say it."""
    return _REMEDIES.get(reason)


def reasons_of(side: Side) -> list[str]:
    """Return the reasons that are a side's business, sorted; engineering is called for all that no table has, too."""
    return sorted(reason for reason, known in _REMEDIES.items() if known.side == side)


def side_of(reason: str) -> Side:
    """Return whose business a reason is; engineering runs the model and is called for what is not in this table."""
    found = remedy(reason)
    return found.side if found is not None else "engineering"


_IMAGE: Final = Remedy("engineering", "correct the image or the pull Secret; it goes on by itself")
_CRASH: Final = Remedy("dataScience", "fix what the quoted line says, and push a new image")
_FIX: Final = Remedy("dataScience", "fix the model, and push a new image")
_PERSON: Final = Remedy("engineering", "ask who ordered it; retry tries it again")

_LOOK: Final = Remedy(
    "engineering", "the version has not changed: look at its pods, its load and what it calls; or roll it back"
)

_REMEDIES: Final = {
    "TooManyErrors": _FIX,
    "MetricWorse": _FIX,
    "TooSlow": Remedy(
        "dataScience", "make it faster and push a new image; a wrong objective is relaxed while stable serves alone"
    ),
    "QualityFailed": Remedy(
        "dataScience", "fix the model, or the case if it is wrong: docs/quality.md; changed questions need a retry"
    ),
    "QuestionsMissed": Remedy(
        "dataScience", "see status.quality of its revision: fix the model, or the questions if they ask the wrong thing"
    ),
    "PodsMissed": Remedy(
        "engineering",
        "delete the pods that the message names, and find out what their node or settings have of their own",
    ),
    "QualityUnchecked": Remedy("dataScience", "do what the message says; it is asked again by itself"),
    "PodsRestarting": _CRASH,
    "NotReadyInTime": _CRASH,
    "MixedImages": Remedy("engineering", "use tags that are pushed once, or digests"),
    "Undecided": Remedy(
        "engineering", "promote or abort it; next time more traffic, a higher first weight or a wider budget"
    ),
    "Aborted": _PERSON,
    "RolledBackByPerson": _PERSON,
    "ErrImagePull": _IMAGE,
    "ImagePullBackOff": _IMAGE,
    "InvalidImageName": _IMAGE,
    "ErrImageNeverPull": _IMAGE,
    "CreateContainerConfigError": Remedy(
        "engineering", "create the Secret or ConfigMap that it names; it goes on by itself"
    ),
    "ConfigMissing": Remedy("engineering", "create the ConfigMap that it names; it goes on by itself"),
    "Unschedulable": Remedy("engineering", "make room, or ask for less (spec.serving.resources)"),
    "QuotaExceeded": Remedy("engineering", "raise the quota, or ask for less; it goes on by itself"),
    "RouteNotAccepted": Remedy("engineering", "see the parent's name, its listeners and their allowedRoutes"),
    "RouteConflict": Remedy("engineering", "change the path of one of the two models"),
    "GatewayMissing": Remedy("engineering", "install the Gateway API, or leave out spec.traffic.gateway"),
    "MetricsUnreadable": Remedy("engineering", "see that a NetworkPolicy or a mesh lets the operator read /metrics"),
    "EdgeMissing": Remedy("engineering", "nothing: the next versions have the edge"),
    "MetricMissing": Remedy("dataScience", "correct the metric's name, or let the service write it from its start"),
    "MetricGarbled": Remedy("dataScience", "count whole events, and count each bad one in the total too"),
    "RequirementsRelaxed": Remedy("dataScience", "relax objectives while the old version serves alone, or promote"),
    "AvailabilityMissed": _LOOK,
    "LatencyMissed": _LOOK,
    "ModelTooOld": Remedy("dataScience", "train it anew, or find that it is still good and raise requirements.maxAge"),
    "ReviewOverdue": Remedy("dataScience", "look at the declaration with both teams, and set the next spec.reviewBy"),
    "Frozen": Remedy("engineering", "resume lifts the freeze"),
    "OOMKilled": Remedy("engineering", "raise spec.serving.resources.limits.memory, or find what leaks"),
    "NoReadyPods": Remedy("engineering", "see why its pods are not ready"),
}
