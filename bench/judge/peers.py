"""The rules that others send a version back by, as far as their sources say, on windows of simulated traffic.

None of these products runs here: each rule is re-written from its source, simplified where its docstring says so.
Flagger, Argo Rollouts and the tuned rules look at the candidate alone. A latency check is "at least 95 % of requests
are fast" for all of them: at the base of 1 % slow ones a check of the 99th percentile would sit on its border.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from bench.judge.traffic import Floats, Ints
from bench.judge.windows import Decisions, Flags, Windows, first_window

FAST_ENOUGH: Final = 0.95


@dataclass(frozen=True, slots=True)
class Flagger:
    """Flagger's analysis: checks every interval; failed ones add up and are never reset; back at the threshold.

    A window without requests is a failed check. After ``passes`` passed checks the version is promoted. Simplified: the
    weight stays the same throughout; the rollback comes at the check that reaches the threshold.
    """

    name: str
    interval: float
    success: float = 0.99
    threshold: int = 5
    passes: int = 11

    def decide(self, windows: Windows) -> Decisions:
        """Return what it does with each run."""
        failed = failed_checks(windows.every(self.interval), self.success, empty_fails=np.True_)
        return _race(_any_metric(failed), self.threshold, self.passes, self.interval)


@dataclass(frozen=True, slots=True)
class ArgoRollouts:
    """An Argo Rollouts analysis: a measurement every interval; back when more than the limit of one metric failed.

    ``NaN >= 0.95`` is false: without requests a measurement fails. After ``count`` measurements the version is
    promoted. Simplified: the weight stays the same; the first measurement is at the end of the first interval.
    """

    name: str
    interval: float
    success: float = 0.95
    limit: int = 0
    count: int = 10

    def decide(self, windows: Windows) -> Decisions:
        """Return what it does with each run."""
        failed = failed_checks(windows.every(self.interval), self.success, empty_fails=np.True_)[: self.count]
        seconds = first_window(_any_metric(np.cumsum(failed, axis=0) > self.limit), self.interval)
        return Decisions(seconds, np.isinf(seconds))


@dataclass(frozen=True, slots=True)
class Kayenta:
    """Kayenta's NetflixACAJudge: a two-sided Mann-Whitney test on shares per minute, run every ``every`` minutes.

    "High" is a lower confidence limit, at level 0.98, above a quarter of the estimated shift; any metric that is High
    sends the version back. Minutes without requests are left out. Simplified: stable itself is the baseline; limits by
    the normal approximation without correction for ties (ties at 0 give a limit of 0, which is never High); no removal
    of outliers.
    """

    name: str
    every: int = 10
    quantile: float = NormalDist().inv_cdf(0.99)
    tolerance: float = 0.25

    def decide(self, windows: Windows) -> Decisions:
        """Return what it does with each run, judging all minutes so far each time."""
        minutes = windows.every(60.0)
        candidate = shares(minutes.sums.candidate_bad, minutes.sums.candidate)
        stable = shares(minutes.sums.stable_bad, minutes.sums.stable)
        looks = range(self.every, len(candidate) + 1, self.every)
        high = np.array([self.high(candidate[:look], stable[:look]).any(axis=-1) for look in looks])
        return Decisions(first_window(high, self.every * 60.0), np.zeros(high.shape[1], dtype=bool))

    def high(self, candidate: Floats, stable: Floats) -> Flags:
        """Return by run and metric whether it is High, given shares, [minutes, runs, metrics]; NaN: an empty minute."""
        shifts = candidate[:, None] - stable[None, :]
        shifts = np.sort(shifts.reshape(-1, *candidate.shape[1:]), axis=0)
        n, m = (np.isfinite(sample).sum(axis=0) for sample in (candidate, stable))
        pairs = n * m
        below = np.floor(pairs / 2 - 0.5 - self.quantile * np.sqrt(pairs * (n + m + 1) / 12))
        lower = _nth(shifts, np.maximum(below, 0))
        estimate = (_nth(shifts, np.maximum((pairs - 1) // 2, 0)) + _nth(shifts, np.minimum(pairs // 2, pairs))) / 2
        high: Flags = (below >= 0) & (lower > self.tolerance * np.abs(estimate))
        return high


@dataclass(frozen=True, slots=True)
class Tuned:
    """A windowed threshold rule whose number of failed checks was tuned on healthy traffic of the very same rate.

    No product does this: nobody knows the false-alarm rate of such a rule at their own traffic. Charitable in two more
    ways: empty windows are ignored, and its false alarms are counted on the runs it was tuned on.
    """

    name: str
    interval: float
    success: float
    threshold: int

    def decide(self, windows: Windows) -> Decisions:
        """Return what it does with each run."""
        failed = failed_checks(windows.every(self.interval), self.success, empty_fails=np.False_)
        seconds = first_window(np.cumsum(_any_metric(failed), axis=0) >= self.threshold, self.interval)
        return Decisions(seconds, np.zeros(len(seconds), dtype=bool))


PEERS: Final = (
    Flagger("Flagger 1m", 60.0),
    Flagger("Flagger 10s", 10.0),
    ArgoRollouts("Argo 1m", 60.0),
    ArgoRollouts("Argo 10s", 10.0),
    ArgoRollouts("Argo 10s, limit 3", 10.0, limit=3, count=180),
    Kayenta("Kayenta"),
)
"""Usual settings and fast ones: Argo Rollouts has no defaults for interval and count."""


def tuned(healthy: Windows, alarms: float) -> Sequence[Tuned]:
    """Return the four windowed rules (10 s and 1 min, 95 % and 99 %), each alarming in at most that share of runs."""
    rules = []
    for interval in (10.0, 60.0):
        for success in (0.95, 0.99):
            failed = failed_checks(healthy.every(interval), success, empty_fails=np.False_)
            most = np.sort(_any_metric(failed).sum(axis=0))
            allowed = int(alarms * len(most))
            threshold = int(most[len(most) - 1 - allowed]) + 1
            name = f"tuned {interval:.0f}s/{100 * success:.0f} %, {threshold} failed"
            rules.append(Tuned(name, interval, success, threshold))
    return rules


def failed_checks(windows: Windows, success: float, empty_fails: np.bool_) -> Flags:
    """Return by window, run and metric whether the check failed: too many errors, or too many slow ones."""
    worst = 1.0 - np.array([success, FAST_ENOUGH])
    share = shares(windows.sums.candidate_bad, windows.sums.candidate)
    failed: Flags = np.asarray(share > worst + 1e-12, dtype=np.bool_)
    failed[np.isnan(share)] = empty_fails
    return failed


def shares(bad: Ints, total: Ints) -> Floats:
    """Return shares of bad answers by metric; NaN where nothing was answered."""
    counts = total.astype(float)[..., None]
    found: Floats = np.divide(bad, counts, out=np.full(bad.shape, np.nan), where=counts > 0)
    return found


def _any_metric(failed: Flags) -> Flags:
    found: Flags = np.logical_or.reduce(failed, axis=-1)
    return found


def _race(failed: Flags, threshold: int, passes: int, interval: float) -> Decisions:
    """Return whether the failed checks reached the threshold before the passed ones reached theirs."""
    back = first_window(np.cumsum(failed, axis=0) >= threshold, interval)
    promoted = first_window(np.cumsum(~failed, axis=0) >= passes, interval)
    return Decisions(np.where(back < promoted, back, np.inf), promoted < back)


def _nth(ordered: Floats, place: Floats) -> Floats:
    """Return the value at a place (counted from 0) of each column."""
    found: Floats = np.take_along_axis(ordered, np.asarray(place, dtype=int)[None], axis=0)[0]
    return found
