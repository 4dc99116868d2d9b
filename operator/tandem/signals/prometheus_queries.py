"""Asking a Prometheus for what the user counts by queries, of every version that is looked at.

All queries of one look are asked for one moment, a little ago: by then what was scraped at that moment is there.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from tandem.judge import Counts
from tandem.signals.named import Flaw
from tandem.signals.pod_client import Clock
from tandem.signals.prometheus import PrometheusClient, Unanswered
from tandem.signals.queries import Labels, QueriedMetric, counted, paired
from tandem.signals.sample import PodTarget
from tandem.signals.tallies import Tally, TallyLook, mark

PACE: Final = 2.0
"""Seconds between two rounds of questions: a query of the user's may cost more than one of ours."""

SETTLED: Final = 2.0
"""Seconds ago that queries are asked for."""

AT_ONCE: Final = 4
"""Queries of one model that are under way at the same time."""

PATIENCE: Final = 3
"""Rounds in a row without an answer after which that is said."""

GRACE: Final = 60.0
"""Seconds in which a version's counters are to be there, from when it is first asked for."""

MOST_FALLS: Final = 3
FALLS_WITHIN: Final = 600.0
"""What falls more often than that, in so many seconds, is no counter: one falls only when its process begins anew."""

_FALLING: Final = (
    f"it fell {MOST_FALLS} times in {FALLS_WITHIN / 60:.0f} minutes, and a counter only grows; sum it by (pod), so "
    "that pods that go do not make it fall"
)


@dataclass(slots=True)
class _Known:
    """What is known of one metric of one version."""

    since: float
    unanswered: int = 0
    last: dict[Labels, Counts] = field(default_factory=dict)
    falls: list[float] = field(default_factory=list)


class PrometheusQueries:
    """Asks one Prometheus for the metrics of one ModelDeployment. ``clock`` is monotonic, ``now`` in Unix seconds."""

    def __init__(
        self,
        client: PrometheusClient,
        address: str,
        metrics: Sequence[QueriedMetric],
        clock: Clock = monotonic,
        now: Clock = time.time,
    ) -> None:
        self._client = client
        self._address = address
        self._metrics = tuple(metrics)
        self._clock = clock
        self._now = now
        self._known: dict[tuple[str, str], _Known] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asked_at = float("-inf")
        self._last = TallyLook()

    async def read(self, pods: Sequence[PodTarget]) -> TallyLook:
        """Return what was counted of these pods' versions; between two rounds nothing is new."""
        if self._clock() - self._asked_at < PACE:
            return TallyLook(flaws=self._last.flaws)
        self._asked_at = self._clock()
        revisions = sorted({pod.revision for pod in pods})
        wanted = [(revision, metric) for revision in revisions for metric in self._metrics]
        keys = {(revision, metric.name) for revision, metric in wanted}
        self._known = {key: known for key, known in self._known.items() if key in keys}
        at = self._now() - SETTLED
        looks = await asyncio.gather(*(self._look(revision, metric, at) for revision, metric in wanted))
        flaws: dict[str, dict[str, Flaw]] = {}
        for (revision, metric), (_, flaw) in zip(wanted, looks, strict=True):
            if flaw is not None:
                said = Flaw(flaw.reason, f"metric {metric.name} of {revision}: {flaw.message}")
                flaws.setdefault(revision, {})[metric.name] = said
        self._last = TallyLook(tuple(tally for tallies, _ in looks for tally in tallies), flaws)
        return self._last

    async def _look(self, revision: str, metric: QueriedMetric, at: float) -> tuple[list[Tally], Flaw | None]:
        known = self._known.setdefault((revision, metric.name), _Known(self._clock()))
        bad_query, total_query = metric.asked_of(revision)
        try:
            bad, total = await asyncio.gather(self._ask(bad_query, at), self._ask(total_query, at))
        except Unanswered as error:
            known.unanswered += 1
            said = Flaw("QueryFailed", f"Prometheus at {self._address} gives no counts: {error}")
            return [], said if known.unanswered >= PATIENCE else None
        known.unanswered = 0
        for which, answer in (("bad", bad), ("total", total)):
            if isinstance(answer, Flaw):
                return [], Flaw(answer.reason, f"its query for {which}: {answer.message}")
        assert isinstance(bad, dict) and isinstance(total, dict)
        counts = paired(bad, total)
        if isinstance(counts, Flaw):
            return [], counts
        flaw = self._missing(known, bad, total) or self._falling(known, counts)
        # Where nothing bad is given of any series it may be that the query asks for what does not exist.
        usable = flaw is None and bool(bad)
        return [_tally(revision, metric, labels, found, usable) for labels, found in counts.items()], flaw

    async def _ask(self, query: str, at: float) -> dict[Labels, int] | Flaw:
        async with self._slots:
            return counted(await self._client.ask(self._address, query, at))

    def _missing(self, known: _Known, bad: dict[Labels, int], total: dict[Labels, int]) -> Flaw | None:
        if (bad and total) or self._clock() - known.since <= GRACE:
            return None
        if not total:
            return Flaw("MetricMissing", "its query for total gives nothing: see what its labels are")
        advice = "see what its labels are, or let it say that there are none: (bad) or 0 * (total)"
        return Flaw("MetricMissing", f"its query for bad gives nothing: {advice}")

    def _falling(self, known: _Known, counts: dict[Labels, Counts]) -> Flaw | None:
        now = self._clock()
        fell = any(
            found.total < known.last[labels].total or found.bad < known.last[labels].bad
            for labels, found in counts.items()
            if labels in known.last
        )
        known.last = counts
        known.falls = [then for then in known.falls if now - then <= FALLS_WITHIN] + [now] * fell
        return Flaw("MetricGarbled", _FALLING) if len(known.falls) >= MOST_FALLS else None


def _tally(revision: str, metric: QueriedMetric, labels: Labels, counts: Counts, usable: bool) -> Tally:
    counter = mark(metric.counted_by, *(text for label in sorted(labels) for text in label))
    return Tally(revision, metric.name, counter, counts, usable)
