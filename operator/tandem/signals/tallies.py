"""Counters that somebody else keeps of a version: what a gateway counts of its pods, what a query of the user's gives.

They begin anew with whoever counts, not with the pod, and each at its own time. So what every counter said last is
remembered by itself, and what it has counted since then goes to the version that it speaks of. Pure.

A counter's first reading is where counting begins. One that fell has begun anew, or lost a part of what it sums up.
Parts come back, such as the series of a pod that could not be scraped for a while: what was counted before is not
counted again, so a counter that is back where it was counts from there on.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any, Final, Protocol

from tandem.judge import CorruptEvidence, Counts
from tandem.judge import codec as read
from tandem.signals.named import Flaw
from tandem.signals.sample import PodTarget

GATEWAY_ERRORS: Final = "gateway-errors"
"""Name of the metric that counts what a gateway answered with a server error, or had no answer to, from a pod."""

MOST_COUNTERS: Final = 1024
"""Counters remembered of a version and metric; of more the ones that were heard of longest ago are forgotten."""

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Tally:
    """What one counter said of a version at one moment.

    ``counter`` tells it from the others of the same version and metric. ``usable``: what it says may be counted; if not
    it is only remembered where counting begins.
    """

    revision: str
    metric: str
    counter: str
    counts: Counts
    usable: bool = True


@dataclass(frozen=True, slots=True)
class TallyLook:
    """What one look brought.

    ``flaws``: metrics that a revision cannot be judged by, by revision and metric. ``trouble``: why not everything was
    read, whatever the revision.
    """

    tallies: tuple[Tally, ...] = ()
    flaws: Mapping[str, Mapping[str, Flaw]] = field(default_factory=dict)
    trouble: Flaw | None = None


class TallySource(Protocol):
    """Whoever counts what becomes of the requests to a model's pods, besides the pods themselves."""

    async def read(self, pods: Sequence[PodTarget]) -> TallyLook:
        """Return what was counted of these pods' versions by now. Never raises for what others do."""
        ...


@dataclass(frozen=True, slots=True)
class Stand:
    """What a counter said last, and the most that it ever said, of all and of bad ones."""

    last: Counts
    most: Counts


@dataclass(frozen=True, slots=True)
class TallyLedger:
    """Where the counters stand: by revision, metric and counter."""

    stands: Mapping[str, Mapping[str, Mapping[str, Stand]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tallied:
    """The ledger after some tallies, and what was counted since those before, by revision and metric."""

    ledger: TallyLedger
    counts: Mapping[str, Mapping[str, Counts]]

    def beside(self, counts: Mapping[str, Mapping[str, Counts]]) -> dict[str, dict[str, Counts]]:
        """Return what the pods counted in the same time, and this beside it."""
        found = {revision: dict(metrics) for revision, metrics in counts.items()}
        for revision, metrics in self.counts.items():
            found.setdefault(revision, {}).update(metrics)
        return found


def mark(*names: str) -> str:
    """Return a short mark that tells a counter of these names from others, and nothing of the names."""
    return blake2s("\0".join(names).encode(), digest_size=6).hexdigest()


def fold_tallies(ledger: TallyLedger, tallies: Iterable[Tally], present: Collection[str] | None = None) -> Tallied:
    """Return the ledger after these tallies, in the order in which they were read, and what they count anew.

    ``present``: revisions that still matter; others are forgotten. Without it all are kept.
    """
    stands = {
        revision: {metric: dict(counters) for metric, counters in metrics.items()}
        for revision, metrics in ledger.stands.items()
        if present is None or revision in present
    }
    counts: dict[str, dict[str, Counts]] = {}
    for tally in tallies:
        counters = stands.setdefault(tally.revision, {}).setdefault(tally.metric, {})
        # Taken out and put back: the ones that were heard of longest ago come first.
        counters[tally.counter], came = _step(counters.pop(tally.counter, None), tally)
        of_revision = counts.setdefault(tally.revision, {})
        of_revision[tally.metric] = of_revision.get(tally.metric, Counts()) + came
        while len(counters) > MOST_COUNTERS:
            del counters[next(iter(counters))]
    return Tallied(TallyLedger(stands), counts)


def _step(before: Stand | None, tally: Tally) -> tuple[Stand, Counts]:
    """Return where a counter stands after a tally, and what it has counted since the one before."""
    now = tally.counts
    if before is None:
        return Stand(now, now), Counts()
    if not tally.usable:
        return before, Counts()
    most = Counts(max(now.total, before.most.total), max(now.bad, before.most.bad))
    if not _reaches(now, before.last):
        return Stand(now, most), Counts()
    base = before.most if _reaches(now, before.most) else before.last
    total, bad = now.total - base.total, now.bad - base.bad
    if bad > total:
        return before, Counts()  # more was counted badly than in all: the rest is on its way
    return Stand(now, most), Counts(total, bad)


def _reaches(now: Counts, then: Counts) -> bool:
    return now.total >= then.total and now.bad >= then.bad


def tallies_to_dict(ledger: TallyLedger) -> dict[str, Any]:
    """Return the ledger as JSON values."""
    stands = {
        revision: {
            metric: {counter: _stand_to_list(stand) for counter, stand in counters.items()}
            for metric, counters in metrics.items()
        }
        for revision, metrics in ledger.stands.items()
    }
    return {"format": FORMAT, "stands": stands}


def tallies_from_dict(data: object) -> TallyLedger:
    """Return the ledger that `tallies_to_dict` wrote. Raises `CorruptEvidence` for anything else."""
    content = read.record(data, "tallies", ("format", "stands"))
    read.expect_format(content["format"], FORMAT)
    return TallyLedger({
        revision: {
            metric: {
                counter: _stand(value, f"tallies.{revision}.{metric}.{counter}")
                for counter, value in read.mapping(counters, f"tallies.{revision}.{metric}").items()
            }
            for metric, counters in read.mapping(metrics, f"tallies.{revision}").items()
        }
        for revision, metrics in read.mapping(content["stands"], "tallies").items()
    })  # fmt: skip


def _stand_to_list(stand: Stand) -> list[int]:
    return [stand.last.total, stand.last.bad, stand.most.total, stand.most.bad]


def _stand(data: object, where: str) -> Stand:
    if not isinstance(data, list) or len(data) != 4:
        raise CorruptEvidence(where, "not four numbers")
    last, most = read.counts(data[:2], where), read.counts(data[2:], where)
    if not _reaches(most, last):
        raise CorruptEvidence(where, "stands higher than it ever did")
    return Stand(last, most)
