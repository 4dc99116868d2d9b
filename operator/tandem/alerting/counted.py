"""What Prometheus is asked: requests of a model in a time, all and bad ones, by the same rules as the judge counts.

Paths that are not the model's, unknown ones (404) and requests that were turned away (429) do not count. The Prometheus
Operator gives targets a label ``endpoint`` of its own, and the bento's is ``exported_endpoint`` then: whichever of the
two is the bento's leaves the infrastructure's paths out, and the other one never names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tandem.api.objects import ModelDeployment
from tandem.api.sources import PrometheusSource
from tandem.api.values import duration_seconds
from tandem.rollout.terms import latency_metric, objectives, shares_granted
from tandem.signals.metrics import BUCKETS, INFRASTRUCTURE, NOT_FOUND, REQUESTS, TOO_MANY_REQUESTS

AVAILABILITY: Final = "availability"
_NO_ANSWER: Final = f"{NOT_FOUND}|{TOO_MANY_REQUESTS}"


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective as Prometheus sees it.

    ``share``: of requests that may be bad. ``promise``: in words. ``all_``, ``bad``: expressions with WINDOW in them.
    """

    name: str
    share: float
    promise: str
    all_: str
    bad: str

    def counted(self, which: str, window: str) -> str:
        """Return the expression for all requests or the bad ones (``all_``, ``bad``) in a window such as 5m."""
        text: str = getattr(self, which)
        return text.replace(_WINDOW, window)


_WINDOW: Final = "WINDOW"


def objectives_of(deployment: ModelDeployment) -> list[Objective]:
    """Return the objectives that a ModelDeployment declares."""
    requirements = deployment.spec.requirements
    shares, found = shares_granted(requirements), []
    if requirements.availability is not None:
        found.append(_availability(deployment, requirements.availability, shares["errors"]))
    for name, text in objectives(requirements).items():
        found.append(_latency(deployment, latency_metric(name, text), text, shares[latency_metric(name, text)]))
    return found


def _availability(deployment: ModelDeployment, declared: str, share: float) -> Objective:
    series = _series(deployment, REQUESTS)
    return Objective(
        name=AVAILABILITY,
        share=share,
        promise=f"{declared} of requests do not fail with a server error",
        all_=f"sum({_increase(series, {'http_response_code!~': _NO_ANSWER})})",
        bad=f"sum({_increase(series, {'http_response_code=~': '5..'})})",
    )


def _latency(deployment: ModelDeployment, name: str, declared: str, share: float) -> Objective:
    series = _series(deployment, BUCKETS)
    answered = {"http_response_code!~": _NO_ANSWER}
    within = _increase(series, {**answered, "le=~": _edge(duration_seconds(declared))})
    # Only of pods whose histogram has that edge: another version may lack it, and would look slow.
    total = f"sum({_increase(series, {**answered, 'le=': '+Inf'})} and ignoring (le) {within})"
    return Objective(
        name=name,
        share=share,
        promise=f"{100 - 100 * share:g} % of requests are answered within {declared}",
        all_=total,
        bad=f"{total} - sum({within})",
    )


def _series(deployment: ModelDeployment, metric: str) -> tuple[str, dict[str, str]]:
    """Return a metric of all versions' pods of a model, with what its series are told by."""
    declared = deployment.spec.rollout.evidence.source
    source = declared.prometheus if declared is not None else PrometheusSource(address="http://prometheus")
    ours = "|".join(path.replace(".", "[.]") for path in sorted(INFRASTRUCTURE)) + "|/static.*"
    return metric, {
        f"{source.namespace_label}=": deployment.metadata.namespace,
        f"{source.pod_label}=~": f"{deployment.metadata.name}-r[0-9]+-.+",
        "endpoint!~": ours,
        "exported_endpoint!~": ours,
    }


def _increase(series: tuple[str, Mapping[str, str]], more: Mapping[str, str]) -> str:
    metric, told_by = series
    matchers = ",".join(f'{name}"{value}"' for name, value in {**told_by, **more}.items())
    return f"increase({metric}{{{matchers}}}[{_WINDOW}])"


def _edge(seconds: float) -> str:
    """Return a histogram's edge as its label has it: whole seconds are written as 1.0 by some and as 1 by others."""
    text = repr(float(seconds))
    return text.replace(".0", "([.]0)?") if text.endswith(".0") else text.replace(".", "[.]")
