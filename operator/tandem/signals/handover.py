"""Counting on from counters that somebody else has read: another source, or the operator before a restart. Pure.

They are the same counters, so nothing is lost and nothing is counted twice, as long as one that is behind for a while
is not taken for a process that began anew.
"""

from dataclasses import replace

from tandem.signals.ledger import Ledger
from tandem.signals.sample import PodSample


def handed_over(ledger: Ledger) -> Ledger:
    """Return the ledger for samples of another source, whose clock is another."""
    return Ledger({key: replace(pod, recent=None) for key, pod in ledger.pods.items()})


def caught_up(ledger: Ledger, sample: PodSample) -> bool:
    """Tell whether a sample is no older than what the ledger has of its process."""
    known = ledger.pods.get(sample.pod.key)
    return known is None or sample.counters.finished >= known.finished
