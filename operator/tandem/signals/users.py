"""What users' requests add to the evidence, where Tandem itself asks some of the pods beside them. Pure."""

from collections.abc import Collection, Mapping, Sequence

from tandem.signals.ledger import Fold, Ledger, fold
from tandem.signals.sample import PodSample


def fold_users(
    ledger: Ledger,
    samples: Sequence[PodSample],
    objectives: Mapping[str, float],
    present: Collection[str] | None,
    asked: Collection[str],
) -> Fold:
    """Return the same as ``fold``, without what the pods in ``asked`` (uids) counted since they were last read.

    Nobody can tell which of their requests were Tandem's, so none of them counts, good or bad; the other pods' do.
    """
    theirs = [sample for sample in samples if sample.pod.uid in asked]
    if theirs:
        ledger = fold(ledger, theirs, objectives, present).ledger
    return fold(ledger, [sample for sample in samples if sample.pod.uid not in asked], objectives, present)


def still_asked(until: Mapping[str, float], samples: Sequence[PodSample], now: float) -> dict[str, float]:
    """Return the pods whose next sample may still hold requests of Tandem's: until they have been read after that time.

    ``until``: when all that Tandem asked of a pod is in any sample of it.
    """
    read = {sample.pod.uid for sample in samples}
    return {uid: at for uid, at in until.items() if uid not in read or at >= now}
