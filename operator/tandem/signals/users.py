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


def still_asked(asked: Mapping[str, float], samples: Sequence[PodSample], settled: float) -> dict[str, float]:
    """Return the pods whose next sample may still hold requests of Tandem's; ``asked``: when they were asked last.

    That of a pod which is asked no more does until it has been read, once those before ``settled`` are in every sample.
    """
    read = {sample.pod.uid for sample in samples}
    return {uid: at for uid, at in asked.items() if uid not in read or at >= settled}
