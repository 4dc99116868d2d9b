"""The live view of a rollout: phase, weights, verdict, and what the callers get."""

import time

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dev.demo.settings import DEPLOYMENT
from dev.kube.client import Object
from dev.kube.history import by_version, version_of, versions_of, weight_changes
from dev.kube.watch import Watch
from dev.traffic.process import Traffic
from dev.traffic.summary import quantile

_RECENT_SECONDS = 5.0
_BAR_WIDTH = 40


class RolloutView:
    """Draws what the watches and the traffic say right now."""

    def __init__(self, deployments: Watch, revisions: Watch, routes: Watch, name: str = DEPLOYMENT) -> None:
        self._name = name
        self._deployments = deployments
        self._revisions = revisions
        self._routes = routes
        self.traffic: Traffic | None = None
        self._began = time.monotonic()

    def restart(self) -> None:
        """Begin counting seconds anew."""
        self._began = time.monotonic()

    def __call__(self) -> Panel:
        """Return the panel to draw."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column()
        for name, value in self._facts():
            table.add_row(name, value)
        return Panel(table, title=f"{self._name}: {time.monotonic() - self._began:.0f} s", title_align="left")

    def line(self) -> str:
        """Return the same in one line."""
        said = "; ".join(f"{name} {value.plain}" for name, value in self._facts() if name)
        return f"{time.monotonic() - self._began:.0f} s: {said}"

    def _facts(self) -> list[tuple[str, Text]]:
        thing = self._deployments.latest(self._name) or {}
        status = thing.get("status") or {}
        waiting = (status.get("waitingFor") or {}).get("what", "")
        facts = [("phase", Text(status.get("phase") or "…"))]
        if waiting:
            facts.append(("waits for", Text(waiting)))
        facts += [
            ("weight", Text(f"{name:12} {_bar(weight)} {weight:3d} %")) for name, weight in self._weights().items()
        ]
        verdict = self._verdict(status)
        if verdict:
            facts.append(("verdict", Text(verdict)))
        if self.traffic is not None:
            facts.append(("callers", Text(_recent(self.traffic))))
        return facts

    def _weights(self) -> dict[str, int]:
        changes = weight_changes(self._routes.history(self._name))
        revisions = [seen.object for seen in self._revisions.history()]
        return by_version(changes[-1].weights, versions_of(revisions)) if changes else {}

    def _verdict(self, status: Object) -> str:
        candidate = (status.get("candidate") or {}).get("revision")
        revision = self._revisions.latest(candidate) if candidate else None
        if revision is None:
            return ""
        verdict = (revision.get("status") or {}).get("verdict") or {}
        sentence = verdict.get("sentence") or verdict.get("message") or ""
        return f"{version_of(revision['spec']['image'])}: {sentence}" if sentence else ""


def _bar(weight: int) -> str:
    filled = round(weight / 100 * _BAR_WIDTH)
    return "█" * filled + "·" * (_BAR_WIDTH - filled)


def _recent(traffic: Traffic) -> str:
    now = time.time()
    recent = [outcome for outcome in traffic.outcomes()[-2000:] if outcome.answered > now - _RECENT_SECONDS]
    bad = sum(outcome.bad for outcome in recent)
    times = sorted(outcome.seconds for outcome in recent)
    if not times:
        return "no answers yet"
    p50, p99 = quantile(times, 0.5) * 1000, quantile(times, 0.99) * 1000
    return (
        f"{len(recent) / _RECENT_SECONDS:.0f} answers/s, {bad} bad of {len(recent)}, p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    )
