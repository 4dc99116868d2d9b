"""The rollouts on the cluster: applied, waited for under traffic, and cleaned up after."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bench.canary.foretold import Case
from bench.canary.measured import Ending, Healthy, Trial, healthy, trial, weights_since
from bench.canary.plan import STABLE, Bad, declared
from dev.kube import stack
from dev.kube.client import Kube, KubeFailed, Object, TookTooLong, until
from dev.kube.model import Model, status_of
from dev.kube.watch import Watch
from dev.traffic import rows
from dev.traffic.process import Traffic

LABEL: Final = "tandem.dev/revision"
CHANGES_NOTHING: Final = "BENCH_ROLLOUT"
"""A variable that no bento reads: another value of it is another revision of the same model."""

_START_SECONDS: Final = 180.0
_PODS_GONE_SECONDS: Final = 120.0
_REMOVE_SECONDS: Final = 180.0
_TRAFFIC_SECONDS: Final = 6 * 3600.0


class NotTried(Exception):
    """The version never got a request; the message says why."""


class Interrupted(Exception):
    """Nothing more is to be tried."""


def held_out_rows(folder: Path) -> Sequence[rows.Row]:
    """Return the requests to send, and the answers to expect. ``folder`` is for what is on the way."""
    file = folder / "rows.jsonl"
    subprocess.run([sys.executable, "-m", "dev.traffic.digits", str(file)], cwd=stack.REPOSITORY, check=True)
    return rows.read(file)


class Stage:
    """A namespace in which the stable version serves everything. Removed with the ``with`` block.

    ``folder`` is its own. Once ``over`` is set, whatever waits for a rollout here ends with ``Interrupted``.
    """

    def __init__(
        self, kube: Kube, folder: Path, namespace: str, sent: Sequence[rows.Row], over: threading.Event
    ) -> None:
        self._kube = kube
        self._folder = folder
        self._namespace = namespace
        self._rows = sent
        self._over = over
        self._watches = ExitStack()
        self._model: Model | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def model(self) -> Model:
        """Return the model, with the stable version in production; made where there is none. Raises ``KubeFailed``."""
        if self._model is None:
            self.clear()
            stack.make_namespace(self._kube, self._namespace)
            deployments, revisions, routes = (
                self._watches.enter_context(Watch(self._kube, kind, self._namespace))
                for kind in ("modeldeployments", "modelrevisions", "httproutes")
            )
            file = self._folder / "rows.jsonl"
            rows.write(self._rows, file)
            made = Model(self._kube, self._namespace, deployments, revisions, routes, file, self._folder)
            self._model = made.given(STABLE, **declared())
        return self._model

    def spoil(self) -> None:
        """Have the next use of `model` begin anew: what is there may not be what a rollout expects."""
        self._model = None

    def clear(self) -> None:
        """Remove everything. Raises ``KubeFailed``."""
        self.spoil()
        self._watches.close()
        stack.remove_namespace(self._kube, self._namespace, _REMOVE_SECONDS)

    def stable(self) -> str:
        """Return the name of the stable revision."""
        return str(self.model().status()["stable"]["revision"])

    def traffic(self, name: str, rate: float) -> Traffic:
        """Have traffic in an order of its own: all rows in each round, shuffled."""
        file = self._folder / f"{name}.rows"
        rows.write(random.Random(name).sample(self._rows, len(self._rows)), file)
        url = f"{self._kube.gateway_url}/{self._namespace}"
        return Traffic(url, file, self._folder / f"{name}.jsonl", rate=rate, seconds=_TRAFFIC_SECONDS)

    def while_flowing(self, traffic: Traffic, check: "Check") -> "Check":
        """Return the check, which fails when traffic flows no more, or nothing more is to be tried."""

        def checked(thing: Object) -> object:
            if self._over.is_set():
                raise Interrupted
            traffic.check()
            return check(thing)

        return checked

    def until_only(self, revision: str) -> None:
        """Wait until all pods are of one revision. Raises ``TookTooLong``."""

        def only() -> bool:
            pods = self._kube.list("pods", self._namespace)
            return {pod["metadata"]["labels"].get(LABEL) for pod in pods} == {revision}

        until(only, _PODS_GONE_SECONDS, f"no pods but those of {revision}")


def try_bad(stage: Stage, bad: Bad, run: int, limit: float) -> Trial:
    """Roll out a bad version, wait until it is sent back or for ``limit`` seconds, and have stable declared again.

    Raises ``NotTried``, ``KubeFailed`` or ``TrafficFailed`` where there is nothing to measure.
    """
    model, stable = stage.model(), stage.stable()
    name = f"{bad.version}-{bad.slots or 0}-at-{bad.rate:g}-run-{run}"
    with stage.traffic(name, bad.rate) as traffic:
        _until_answers(traffic)
        applied = _apply(model, bad.version, model=bad.model, rollout={"attempt": name})
        weights = _weights(model, applied, stable)
        model.until(
            stage.while_flowing(traffic, lambda thing: weights() or _sent_back(thing)),
            _START_SECONDS,
            "its first weight",
        )
        ending = _ending(model, stable, stage.while_flowing(traffic, lambda _thing: False), limit)
        if not weights():
            raise NotTried(_reason(model))
        if ending == "sent back":
            model.until(lambda _thing: weights()[-1][1] == 0.0, 30, "no weight on the rejected version")
            stage.until_only(stable)
        outcomes = list(traffic.stop())
        seen = weights()
    _declare_stable(stage, stable)
    return trial(bad, ending, outcomes, seen)


def try_healthy(stage: Stage, number: int, case: Case, limit: float) -> Healthy:
    """Roll out the stable version as another revision, and wait until its watch is over or for ``limit`` seconds.

    Raises ``KubeFailed`` or ``TrafficFailed`` where there is nothing to measure.
    """
    model, stable = stage.model(), stage.stable()
    evidence = {"budget": f"{case.budget * 100:g}%"}
    with stage.traffic(f"healthy-{number}", case.rate) as traffic:
        _until_answers(traffic)
        env = [{"name": CHANGES_NOTHING, "value": str(number)}]
        applied = _apply(model, STABLE, model={"env": env}, rollout={"evidence": evidence})
        ending = _ending(model, stable, stage.while_flowing(traffic, lambda thing: _watched(thing, stable)), limit)
        ended = time.time()
        if ending != "undecided":
            stage.until_only(stage.stable())
        outcomes = list(traffic.stop())
    reason = _reason(model) if ending == "sent back" else ""
    return healthy(number, ending, (applied, ended), _weights(model, applied, stable)(), outcomes, reason)


Check = Callable[[Object], object]


def _apply(model: Model, version: str, /, **changes: Any) -> float:
    """Apply a change, and return when, once it is seen here: what was true before must not be taken for its end."""
    before = (model.deployments.latest(model.name) or {"metadata": {"generation": 0}})["metadata"]["generation"]
    applied = model.apply(version, **changes)
    model.until(lambda thing: thing["metadata"]["generation"] > before, 30, "the change in the spec")
    return applied


def _until_answers(traffic: Traffic) -> None:
    """Wait until traffic flows: a rollout must not begin before it."""

    def flows() -> bool:
        traffic.check()
        return bool(traffic.outcomes())

    until(flows, 60, "an answer")


def _weights(model: Model, applied: float, stable: str) -> Callable[[], list[tuple[float, float]]]:
    return lambda: weights_since(model.weights(), applied, stable)


def _ending(model: Model, stable: str, over: Check, limit: float) -> Ending:
    """Wait until a version is sent back, or until ``over``, but not beyond the limit; say how it ended."""
    try:
        thing = model.until(lambda thing: _sent_back(thing) or over(thing), limit, "the end of the rollout")
    except TookTooLong:
        thing = model.deployments.latest(model.name) or {}
    if _sent_back(thing):
        return "sent back"
    promoted = _serves(thing) not in (None, stable)
    return "promoted" if promoted else "undecided"


def _declare_stable(stage: Stage, stable: str) -> None:
    """Go back to what was; where that cannot be had, what follows begins on a stage made anew."""
    model = stage.model()
    try:
        _apply(model, STABLE, model={"env": None})
        model.until(lambda thing: _phase(thing) == "Serving" and _serves(thing) == stable, 60, "stable declared again")
        stage.until_only(stable)
    except KubeFailed as error:
        print(f"begun anew: {error}", flush=True)
        stage.spoil()


def _phase(thing: Object) -> str | None:
    """Return the phase of the spec as it is now; None before the operator has seen that."""
    status = status_of(thing)
    seen = status.get("observedGeneration", 0) >= thing["metadata"]["generation"]
    return status.get("phase") if seen else None


def _sent_back(thing: Object) -> bool:
    return bool(thing) and _phase(thing) == "RolledBack"


def _serves(thing: Object) -> str | None:
    return (status_of(thing).get("stable") or {}).get("revision")


def _watched(thing: Object, before: str) -> bool:
    return _phase(thing) == "Serving" and _serves(thing) != before


def _reason(model: Model) -> str:
    rejected = model.status().get("rejected") or {}
    return f"{rejected.get('reason', 'no reason given')}: {rejected.get('message', '')}"
