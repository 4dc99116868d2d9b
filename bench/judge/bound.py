"""How few requests could do: the information bound, and the test that knows both shares beforehand (Wald's).

Both are told what no judge knows: how bad stable is and how bad the candidate is. They are the scale, not a rival.
"""

import math
from typing import Final

import numpy as np

from bench.judge.traffic import Answers, Floats

ALPHA: Final = 0.01


def information_bound(stable: float, candidate: float, share: float, alpha: float = ALPHA) -> float:
    """Return the mean number of requests, of both versions, that no test of this alpha can fall below.

    The log of 1 / alpha over the information that one request carries on whether both versions have one share.
    """
    mixed = share * candidate + (1 - share) * stable
    information = share * _divergence(candidate, mixed) + (1 - share) * _divergence(stable, mixed)
    return math.log(1 / alpha) / information


def oracle(answers: Answers, candidate: float, metric: int, alpha: float = ALPHA) -> Floats:
    """Return by run the tick (from 0; infinity: never) at which Wald's test of the two known shares sends it back."""
    requests = answers.candidate + answers.stable
    stable = float(answers.stable_bad[..., metric].sum() / answers.stable.sum())
    share = answers.candidate.sum() / requests.sum()
    mixed = share * candidate + (1 - share) * stable
    log = np.zeros(requests.shape)
    for n, x, p in (
        (answers.candidate, answers.candidate_bad[..., metric], candidate),
        (answers.stable, answers.stable_bad[..., metric], stable),
    ):
        log += x * math.log(p / mixed)
        if p < 1.0:
            log += (n - x) * math.log((1 - p) / (1 - mixed))
    over = np.cumsum(log, axis=0) >= math.log(1 / alpha)
    return np.where(over.any(axis=0), over.argmax(axis=0).astype(float), np.inf)


def _divergence(share: float, other: float) -> float:
    """Return how much one answer of a version tells against the other share (Kullback and Leibler), in nats."""
    bad = share * math.log(share / other) if share > 0 else 0.0
    good = (1 - share) * math.log((1 - share) / (1 - other)) if share < 1 else 0.0
    return bad + good
