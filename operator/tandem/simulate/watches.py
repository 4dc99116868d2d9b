"""The watch window of simulated rollouts: the promoted version against the record that the old one left."""

from typing import Final, NamedTuple

import numpy as np

from tandem.judge import KINDS, RULES, STALL_CAP, Batch, Settings, VerdictKind, WatchBatch
from tandem.judge.gates import Array, Integers
from tandem.judge.watchbatch import add_watch_batch, judge_watch_batch
from tandem.simulate.answers import LOOK, Source, rows

ROLL_BACK: Final = KINDS.index(VerdictKind.ROLL_BACK)


class Watched(NamedTuple):
    """Seconds after promotion until each was sent back, infinity for never; and its bad answers by metric until then,
    or in the whole window."""

    back: Array
    bad: Integers


def watched(batch: Batch, shares: Array, source: Source, settings: Settings, seconds: float) -> Watched:
    """Watch these rollouts for so long, with all requests, and with the operator's looks: each counts for so much at
    most, so fewer and longer ones would find a bad version later."""
    caps = [RULES.cap, *[STALL_CAP] * (shares.shape[1] - 1)]
    watch = WatchBatch.begin(batch, caps)
    back = np.full(len(shares), np.inf)
    bad = np.zeros(shares.shape, dtype=np.int64)
    active = np.arange(len(shares))
    for number in range(1, round(seconds / LOOK) + 1):
        answers = source.answers(LOOK, np.ones(active.size), shares[active])
        bad[active] += answers.candidate_bad
        watch = add_watch_batch(watch, answers.candidate, answers.candidate_bad)
        gone = judge_watch_batch(watch, settings).kind == ROLL_BACK
        if not gone.any():
            continue
        back[active[gone]] = number * LOOK
        active, watch = active[~gone], rows(watch, ~gone)
        if not active.size:
            break
    return Watched(back, bad)
