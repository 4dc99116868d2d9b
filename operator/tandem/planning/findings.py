"""Which requirement cannot be met, or is not with what is declared, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from tandem.api.profile import Profile
from tandem.api.spec import ModelDeploymentSpec
from tandem.api.values import duration_seconds, percent_share
from tandem.manifests.edges import objectives
from tandem.manifests.fields import STARTUP_DEADLINE_SECONDS
from tandem.planning.sizing import MEBI, MOST_PODS, Sizing, amount, requested


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a requirement from being met. ``unmet``: no number of pods helps."""

    field: str
    what: str
    unmet: bool = False


def findings(spec: ModelDeploymentSpec, profile: Profile, sizing: Sizing) -> list[Finding]:
    """Return what keeps requirements from being met, what cannot be met at all first."""
    found = [*_latency(spec, profile, sizing), *_errors(spec, profile), *_declared(spec, profile, sizing)]
    return sorted(found, key=lambda finding: not finding.unmet)


def _latency(spec: ModelDeploymentSpec, profile: Profile, sizing: Sizing) -> Iterator[Finding]:
    rate, first, unloaded = sizing.rate, sizing.rate.points[0], False
    for name, seconds in objectives(spec.requirements).items():
        measured = getattr(first, name)
        if measured > seconds:
            unloaded = True
            slower = " with the CPU that serving.resources.limits leaves it" if rate.cpu < 1.0 else ""
            yield Finding(
                f"requirements.latency.{name}",
                f"cannot be met, even unloaded: one caller at a time waits {1000 * measured:.3g} ms{slower}, the "
                f"objective is {1000 * seconds:.3g} ms. No number of pods helps: a faster model, more CPU, or another "
                "objective",
                unmet=True,
            )
    peak = spec.requirements.throughput.peak if spec.requirements.throughput else None
    if unloaded:
        return
    if rate.in_progress == 1 and rate.objective is not None:
        yield Finding(
            f"requirements.latency.{rate.objective}",
            f"leaves room for one request at a time: a pod may get {rate.per_second:.3g}/s of the "
            f"{rate.saturated:.3g}/s that it could answer. A looser objective, or a faster model, needs far fewer pods",
        )
    if sizing.needed is not None and sizing.needed > MOST_PODS:
        yield Finding(
            "requirements.throughput.peak",
            f"{peak:g}/s needs more than {MOST_PODS} pods of {rate.per_second:.3g}/s each: no replica count meets it",
            unmet=True,
        )
    if profile.setting.where == "Local" and rate.cpu < 1.0:
        yield Finding(
            "serving.resources.limits.cpu",
            f"leaves {100 * rate.cpu:.0f} % of the CPU that it used on the machine where it was measured; the plan "
            "takes everything to be slower by that.",
        )


def _errors(spec: ModelDeploymentSpec, profile: Profile) -> Iterator[Finding]:
    first, end, availability = profile.load[0], profile.shutdown, spec.requirements.availability
    if availability is not None and first.requests:
        failed = first.errors / first.requests
        if failed > 1.0 - percent_share(availability):
            yield Finding(
                "requirements.availability",
                f"cannot be met, even unloaded: {100 * failed:.3g} % of the rows failed, {availability} are to do well",
                unmet=True,
            )
    if end is not None and end.requests_answered < end.requests_in_progress:
        lost = end.requests_in_progress - end.requests_answered
        yield Finding(
            "serving.timeout", f"after SIGTERM {lost} of {end.requests_in_progress} requests in progress were lost"
        )
    if end is not None and not end.exited:
        yield Finding(
            "serving.timeout", f"SIGTERM did not end it within {end.seconds:g} s: every rollout waits for that"
        )


def _declared(spec: ModelDeploymentSpec, profile: Profile, sizing: Sizing) -> Iterator[Finding]:
    if profile.image is not None and profile.image != spec.model.image:
        yield Finding("profile", f"was measured of {profile.image}, and model.image is {spec.model.image}")
    declared = spec.serving.replicas.min
    if sizing.replicas is not None and declared < sizing.replicas:
        yield Finding("serving.replicas.min", f"is {declared}; the peak with one pod lost needs {sizing.replicas}")
    limit = amount(spec, "limits", "memory")
    if limit and limit < profile.memory.load_bytes:
        yield Finding(
            "serving.resources.limits.memory",
            f"is {float(limit) / MEBI:.0f} MiB, less than the {profile.memory.load_bytes / MEBI:.0f} MiB that it used "
            "under load: it would be killed. More memory, no more pods",
            unmet=True,
        )
    cpu = float(requested(spec, "cpu"))
    if sizing.cpu_request is not None and cpu + 1e-9 < sizing.cpu_request:
        yield Finding(
            "serving.resources.requests.cpu",
            f"is {1000 * cpu:.0f}m, less than the {1000 * sizing.cpu_request:.0f}m that a pod uses at the peak: on a "
            "full node it would be slower than planned",
        )
    startup = spec.serving.startup
    deadline = duration_seconds(startup.deadline) if startup and startup.deadline else float(STARTUP_DEADLINE_SECONDS)
    if profile.startup.seconds > deadline:
        yield Finding(
            "serving.startup.deadline",
            f"is {deadline:g} s; it took {profile.startup.seconds:g} s until it was ready: no pod would ever be",
            unmet=True,
        )
