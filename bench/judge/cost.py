"""What judging costs: many rollouts of several metrics, all with new counts, at each look."""

import time
from typing import Final, NamedTuple

import numpy as np

from bench.judge.traffic import SEED
from tandem.judge.batch import Batch, add_batch, judge_batch
from tandem.judge.rules import Settings

ROLLOUTS: Final = 1000
METRICS: Final = 4
LOOKS: Final = 200


class Cost(NamedTuple):
    """Milliseconds of processor time of a look: median, the slowest of a hundred, and of one rollout judged alone."""

    median: float
    slowest: float
    alone: float


def cost() -> Cost:
    """Measure it in this process: processor time, which other processes change little."""
    many = _looks(ROLLOUTS)
    return Cost(float(np.median(many)), float(np.quantile(many, 0.99)), float(np.median(_looks(1))))


def _looks(rollouts: int) -> list[float]:
    random = np.random.default_rng(SEED)
    shape = (rollouts, METRICS)
    batch, settings, seconds = Batch.begin(rollouts, (0.01,) * METRICS), Settings(), []
    for _look in range(LOOKS):
        candidate, stable = random.poisson(10, (rollouts, 1)), random.poisson(90, (rollouts, 1))
        bad, stable_bad = random.binomial(candidate, 0.01, shape), random.binomial(stable, 0.01, shape)
        begun = time.process_time()
        batch = add_batch(batch, candidate, bad, stable, stable_bad)
        judge_batch(batch, settings, np.ones(rollouts))
        seconds.append(1000 * (time.process_time() - begun))
    return seconds
