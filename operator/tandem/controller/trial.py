"""One trial: what was read of its pods, and what may be made of that."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tandem.controller.exhibits import Exhibit, Subject
from tandem.controller.left_out import LeftOut
from tandem.controller.reader import UNREADABLE_TIMES, Reader
from tandem.judge import Verdict, VerdictKind
from tandem.rollout.observation import Trouble
from tandem.signals import Flaw, Fold, Ledger
from tandem.signals.handover import caught_up, handed_over
from tandem.signals.tallies import TallyLedger, fold_tallies


@dataclass
class Trial:
    """A trial, or none yet: pods of versions that drain are read, too. ``trouble``: with the evidence of before."""

    reader: Reader
    ledger: Ledger = field(default_factory=Ledger)
    tallies: TallyLedger = field(default_factory=TallyLedger)
    behind: frozenset[str] = frozenset()
    """Processes that the ledger may know more of than the source, which has just taken over."""
    exhibit: Exhibit | None = None
    verdict: Verdict | None = None
    trouble: Trouble | None = None
    missing_edges: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flaws: Mapping[str, Mapping[str, Flaw]] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)
    persisted_at: float = 0.0

    def read_by(self, reader: Reader) -> None:
        """Have the same pods read from another source: it may be behind the one before."""
        self.reader.stop()
        reader.targets = self.reader.targets
        self.behind, self.ledger = frozenset(self.ledger.pods), handed_over(self.ledger)
        self.reader, self.missing_edges, self.flaws = reader, {}, {}

    def fold(self, objectives: Mapping[str, float], revisions: Collection[str], now: float) -> Fold:
        """Take in what was read since the last time, and return what it adds to the evidence."""
        read, reader = self.reader.take_samples(), self.reader
        samples = [each for each in read if each.pod.key not in self.behind or caught_up(self.ledger, each)]
        self.behind -= {sample.pod.key for sample in samples}
        present = {target.key for target in reader.targets} | {sample.pod.key for sample in samples}
        folded = self.left_out.fold(self.ledger, samples, objectives, present or None, now)
        tallied = fold_tallies(self.tallies, reader.take_tallies(), revisions)
        self.ledger, self.tallies = folded.ledger, tallied.ledger
        if samples:
            self.missing_edges, self.flaws = folded.missing_edges, folded.flaws
        return replace(folded, counts=tallied.beside(folded.counts))

    def trouble_with_pods(self) -> Trouble | None:
        """Say what keeps the evidence from being all that it should be, as far as the pods tell it."""
        with_pods = self.reader.trouble_with_pods()
        if with_pods is not None:
            return with_pods
        if self.exhibit is not None:
            for flaws in (self.flaws, self.reader.flaws):
                for flaw in _flaws(flaws, self.exhibit.subject):
                    return flaw
        for revision, metrics in sorted(self.missing_edges.items()):
            what = f"{revision} has no histogram edge for {', '.join(metrics)}: that objective is not compared with it"
            return Trouble("EdgeMissing", what)
        return None

    def if_seen(self, subject: Subject, verdict: Verdict) -> Verdict:
        """Return the verdict; without a look at a version, what was seen of it does not let the candidate go on."""
        reader = self.reader
        seen = {pod.revision for pod in reader.targets if reader.missed(pod.key) < UNREADABLE_TIMES}
        blind = sorted({pod.revision for pod in reader.targets} & {subject.revision, subject.stable} - seen)
        if verdict.kind is not VerdictKind.ADVANCE or not blind:
            return verdict
        what = f"{verdict.sentence}; but the metrics of {' and '.join(blind)} cannot be read now"
        return replace(verdict, kind=VerdictKind.UNDECIDED, sentence=what)


def _flaws(flaws: Mapping[str, Mapping[str, Flaw]], subject: Subject) -> Iterator[Trouble]:
    """Say which of the user's metrics cannot be judged by: of the version that is tried, and of stable."""
    for _, flaw in sorted(flaws.get(subject.revision, {}).items()):
        yield Trouble(flaw.reason, flaw.message)
    for _, flaw in sorted(flaws.get(subject.stable or "", {}).items()):
        advice = "stable must have it to be compared with: name a metric once the version that serves has it"
        yield Trouble(flaw.reason, f"{flaw.message}; {advice}")
