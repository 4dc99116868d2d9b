"""Simulated traffic of a rollout: requests and bad ones of both versions, tick by tick, for many rollouts at once.

A model of traffic, not of a cluster. Load moves between 0.2 and 3 times its mean (a daily wave pressed into 20 minutes,
one sudden change, and noise from tick to tick), the odds of a bad answer of both versions drift between half and twice,
and answers are bad independently of each other unless the case says otherwise. Each case has its own random stream.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
At = slice | int

SEED: Final = 20_240_601
METRICS: Final = ("errors", "slow")
BASE: Final = (0.005, 0.01)
"""Share of stable's answers that are errors, and that are slow."""

LEAST_LOAD: Final = 0.2
MOST_LOAD: Final = 3.0
WAVE_SECONDS: Final = 1200.0
WAVE: Final = 0.6
STEP: Final = 1 / 3
NOISE: Final = 0.25
DRIFT_SECONDS: Final = 2400.0

OUTAGE_SECONDS: Final = 120.0
OUTAGE_SHARE: Final = 0.3
EPISODE_SECONDS: Final = 20.0
EPISODE_EVERY: Final = 600.0
EPISODE_PART: Final = 0.5
CLIENT_SECONDS: Final = 300.0
CLIENT_SHARE: Final = 0.005


class Trouble(StrEnum):
    """What happens besides independent bad answers."""

    NONE = "none"
    OUTAGE = "shared outage"
    """Both versions fail 30 % of requests for two minutes, once."""
    EPISODES = "episodes"
    """Half of each version's bad answers come in episodes of its own: 20 s long, one in ten minutes, on average."""
    CLIENT = "sticky client"
    """One client, 0.5 % of all requests, fails for five minutes, always at the same version, whichever that is."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the traffic is like. ``rate``: mean requests a second, both versions. ``errors``, ``slow``: the candidate's.

    ``burst``: mean size of the bursts that bad answers come in (geometric, inside a tick); 1: they come alone.
    ``steady``: neither load nor shares of bad answers move.
    """

    rate: float
    errors: float = BASE[0]
    slow: float = BASE[1]
    share: float = 0.1
    burst: float = 1.0
    trouble: Trouble = Trouble.NONE
    steady: bool = False

    def stream(self, part: int) -> np.random.Generator:
        """Return the random stream of one part of the runs of this case: the same one in every run of the benchmark."""
        return np.random.default_rng([SEED, crc32(repr(self).encode()), part])


@dataclass(frozen=True, slots=True)
class Span:
    """How long is simulated, and how often the judge looks."""

    seconds: float
    tick: float

    @property
    def ticks(self) -> int:
        """Number of looks."""
        return round(self.seconds / self.tick)

    @property
    def ends(self) -> Floats:
        """Seconds from the start to the end of each tick."""
        return np.arange(1, self.ticks + 1, dtype=float) * self.tick


class Answers(NamedTuple):
    """Requests of each version, shape [..., runs], and bad ones by metric, shape [..., runs, metrics]."""

    candidate: Ints
    candidate_bad: Ints
    stable: Ints
    stable_bad: Ints


class Traffic:
    """The traffic of ``runs`` rollouts: what the world does is fixed at first, answers are drawn for any split."""

    def __init__(self, case: Case, span: Span, runs: int, part: int = 0) -> None:
        self.case, self.span, self.runs = case, span, runs
        self._random = case.stream(part)
        shape = (span.ticks, runs)
        self.load = np.ones(shape) if case.steady else _load(self._random, span, runs)
        self.level = np.ones(shape) if case.steady else _level(self._random, span, runs)
        self._episodes = None
        if case.trouble is Trouble.EPISODES:
            self._episodes = tuple(_episodes(self._random, span, runs) for _version in range(2))
        self._begin = self._random.uniform(0.1, 0.7, runs) * span.seconds
        self._side = self._random.uniform(size=runs)
        self._rows = np.arange(runs)

    def answers(self, at: At, share: Floats | float | None = None) -> Answers:
        """Draw the answers of some ticks, the candidate getting ``share`` of the requests (the case's by default)."""
        split = self.case.share if share is None else share
        expected = self.case.rate * self.span.tick * self.load[at][..., self._rows]
        candidate, stable = self._random.poisson(expected * split), self._random.poisson(expected * (1 - split))
        candidate_bad = self._bad(candidate, at, 0, (self.case.errors, self.case.slow))
        stable_bad = self._bad(stable, at, 1, BASE)
        if self.case.trouble is Trouble.CLIENT:
            mine = self._side[self._rows] < split
            failing = self._random.poisson(expected * CLIENT_SHARE * self._during(at, CLIENT_SECONDS))
            candidate, stable = candidate + failing * mine, stable + failing * ~mine
            candidate_bad[..., 0] += failing * mine
            stable_bad[..., 0] += failing * ~mine
        return Answers(candidate, candidate_bad, stable, stable_bad)

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Go on with these runs alone."""
        self._rows = self._rows[rows]

    def _bad(self, requests: Ints, at: At, version: int, shares: tuple[float, ...]) -> Ints:
        columns = []
        for metric, share in enumerate(shares):
            p = drifted(share, self.level[at][..., self._rows])
            if self._episodes is not None:
                p = np.minimum(p * self._episodes[version][at][..., self._rows], 1.0)
            if self.case.trouble is Trouble.OUTAGE and metric == 0:
                p = p + (1 - p) * OUTAGE_SHARE * self._during(at, OUTAGE_SECONDS)
            columns.append(bad_answers(self._random, requests, p, self.case.burst))
        return np.stack(columns, axis=-1)

    def _during(self, at: At, seconds: float) -> Floats:
        """Return by tick and run whether it lies in the one spell of that length."""
        since = np.asarray(self.span.ends[at])[..., None] - self._begin[self._rows]
        return ((since > 0) & (since <= seconds)).astype(float)


def drifted(share: float, level: Floats) -> Floats:
    """Return the share when its odds have moved by the factor ``level``; 0 and 1 do not move."""
    return share * level / (1.0 - share + share * level)


def bad_answers(random: np.random.Generator, requests: Ints, share: Floats, burst: float) -> Ints:
    """Draw how many of the requests are answered badly, alone or in bursts, which cannot exceed the tick's requests."""
    if burst == 1.0:
        return random.binomial(requests, share)
    bursts = random.poisson(requests * share / burst)
    further = random.negative_binomial(np.maximum(bursts, 1), 1.0 / burst) * (bursts > 0)
    found: Ints = np.minimum(bursts + further, requests)
    return found


def _load(random: np.random.Generator, span: Span, runs: int) -> Floats:
    ends = span.ends[:, None]
    wave = 1.0 + WAVE * np.sin(2 * np.pi * (ends / WAVE_SECONDS + random.uniform(size=runs)))
    after = ends > random.uniform(0.2, 0.8, runs) * span.seconds
    step = 1.0 + STEP * np.where(after == (random.uniform(size=runs) < 0.5), 1.0, -1.0)
    noise = random.lognormal(-(NOISE**2) / 2, NOISE, (span.ticks, runs))
    return np.clip(wave * step * noise, LEAST_LOAD, MOST_LOAD)


def _level(random: np.random.Generator, span: Span, runs: int) -> Floats:
    return np.exp2(np.sin(2 * np.pi * (span.ends[:, None] / DRIFT_SECONDS + random.uniform(size=runs))))


def _episodes(random: np.random.Generator, span: Span, runs: int) -> Floats:
    """Return by what the share of bad answers is multiplied: its mean is 1."""
    fraction = EPISODE_SECONDS / EPISODE_EVERY
    ending = 1.0 - np.exp(-span.tick / EPISODE_SECONDS)
    beginning = ending * fraction / (1.0 - fraction)
    lasts = random.uniform(size=runs) < fraction
    states = np.empty((span.ticks, runs), dtype=bool)
    for tick in range(span.ticks):
        change = random.uniform(size=runs)
        lasts = np.where(lasts, change >= ending, change < beginning)
        states[tick] = lasts
    return np.where(states, 1.0 - EPISODE_PART + EPISODE_PART / fraction, 1.0 - EPISODE_PART)
