"""A rollout of the model ``payments/fraud`` that a test reads, judges, and takes through a crash of the operator."""

import asyncio
import itertools
from typing import Any, Final

from tandem.api.objects import ModelDeployment, parse_deployment, parse_revision
from tandem.controller.history import Histories
from tandem.controller.trials import Judged, Trials
from tandem.rollout.observation import Observation, PodState, RevisionState
from tandem.signals.sources import Sources

KEY: Final = ("payments", "fraud")
STABLE, CANDIDATE = "fraud-r1", "fraud-r2"
SINCE: Final = "2026-03-01T11:00:00Z"


def declared(evidence: dict[str, Any], requirements: dict[str, Any]) -> ModelDeployment:
    """Return the model while its candidate has a tenth of the requests."""
    status = {
        "stable": {"revision": STABLE, "since": SINCE},
        "candidate": {"revision": CANDIDATE, "attempt": 1, "since": SINCE, "size": 1, "weight": 10},
    }
    spec = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:2"},
        "requirements": requirements,
        "rollout": {"evidence": {"budget": "5%", **evidence}},
    }
    return parse_deployment({"metadata": {"namespace": KEY[0], "name": KEY[1]}, "spec": spec, "status": status})


class Story:
    """A rollout that is looked at, each version with one pod. Subclasses say what is declared, and what counts."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.stored: dict[str, Any] | None = None
        self.begin()

    asked: frozenset[str] = frozenset()
    """Uids of the pods that Tandem asks now."""

    def deployment(self) -> ModelDeployment:
        """Return the model as it is declared now."""
        raise NotImplementedError

    def begin(self) -> None:
        """Begin as after a start of the operator."""
        self._read = asyncio.Event()
        time, ticks = asyncio.get_running_loop().time, itertools.count(1)
        # No two looks at a real clock see the same time; nor do they at this one, which else stands still.
        self.trials = Trials(
            self._sources, Histories(), lambda _: self._read.set(), lambda: time() + next(ticks) * 1e-6
        )

    def crash(self) -> None:
        """End and begin again with what was written down."""
        kept = self.trials.to_persist(KEY, due=True)
        assert kept is not None
        self.stored = kept.evidence
        self.trials.close()
        self.begin()

    async def look(self, times: int = 1) -> Judged:
        """Read and judge."""
        judged = self.judge()
        for _ in range(times):
            await self.read()
            judged = self.judge()
        return judged

    async def read(self) -> None:
        """Wait until the pods have been read."""
        deployment = self.deployment()
        self._read.clear()
        self.trials.follow(KEY, deployment, deployment.status, Observation(self.states(), CANDIDATE))
        await self._read.wait()

    def judge(self) -> Judged:
        """Judge by what was read."""
        return self.trials.judge(KEY, self.deployment(), self.states(), self.asked)

    def states(self) -> dict[str, RevisionState]:
        """Return what the cluster holds of both versions."""
        return {name: self._state(name) for name in (STABLE, CANDIDATE)}

    def _state(self, name: str) -> RevisionState:
        made = {"number": 1, "image": "fraud", "declared": "{}", "template": "{}", "renderer": "1"}
        status = {"evidence": self.stored} if name == CANDIDATE and self.stored else {}
        revision = parse_revision({"metadata": {"namespace": KEY[0], "name": name}, "spec": made, "status": status})
        return RevisionState(revision, True, 1, (PodState(f"{name}-1", f"uid-{name}", "10.0.0.1", ready=True),))
