"""The simulated experiments that goals and tables are made of: each is a value, and can be measured in any process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import numpy as np

from bench.judge.bound import information_bound, oracle
from bench.judge.ours import JUDGES, SHIPPED, Plan, judge_step, learned, roll_out
from bench.judge.peers import PEERS, tuned
from bench.judge.traffic import BASE, Answers, Case, Floats, Span, Traffic
from bench.judge.windows import Decisions, Windows, served_bad
from tandem.judge.history import HistoryBatch

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")

STEP_SECONDS: Final = 1800.0
ROLLOUT_SECONDS: Final = 7200.0
HISTORY_SECONDS: Final = 3600.0
HISTORY_LOOK: Final = 10.0
"""Seconds between looks at stable while nothing is tried, as in the operator."""

HISTORIES: Final = 1000
"""Number of the first random stream of what was before the rollouts."""

MOST_AT_ONCE: Final = 2500
"""Runs simulated at once: arrays stay well below 2 GB."""

JUDGE: Final = {judge.name: judge for judge in JUDGES}
TUNED: Final = "tuned windows"
TUNED_ALARMS: Final = 0.01
ORACLE: Final = "knows both shares"


class Trial(Protocol[Result_co]):
    """An experiment; equal ones are measured once."""

    def measure(self) -> Result_co:
        """Simulate it."""
        ...


class Results:
    """What was measured, by experiment."""

    def __init__(self, found: Mapping[Any, Any]) -> None:
        self._found = found

    def of(self, trial: Trial[Result]) -> Result:
        """Return what one experiment found."""
        found: Result = self._found[trial]
        return found


class Cell(NamedTuple):
    """What one contestant did with one kind of version at one rate. Seconds and bad responses are medians."""

    back: float
    promoted: float
    seconds: float
    late: float
    """Seconds within which nine of ten were sent back."""
    bad: float


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of bad version: the share of bad answers and the metric that shows it."""

    name: str
    metric: int
    share: float

    def case(self, rate: float) -> Case:
        """Return the case of it at a rate."""
        return Case(rate, errors=self.share) if self.metric == 0 else Case(rate, slow=self.share)


ERRORS: Final = tuple(Kind(f"{100 * share:.0f} % errors", 0, share) for share in (0.01, 0.02, 0.05, 0.2, 1.0))
SLOW: Final = tuple(Kind(f"{100 * share:.0f} % slow", 1, share) for share in (0.03, 0.1))
KINDS: Final = (*ERRORS, *SLOW)
KIND: Final = {kind.name: kind for kind in KINDS}


class Compared(NamedTuple):
    """False rollbacks by contestant, and what each does with each kind of bad version, by kind and contestant."""

    alarms: Mapping[str, float]
    cells: Mapping[tuple[str, str], Cell]


@dataclass(frozen=True)
class Comparison:
    """All contestants on the very same traffic of one rate: one step of 10 % for 30 minutes."""

    rate: float
    runs: int
    tick: float

    def measure(self) -> Compared:
        """Tune the tuned rules on healthy traffic, then let everybody judge."""
        span = Span(STEP_SECONDS, max(self.tick, 1 / self.rate))
        healthy = Traffic(Case(self.rate), span, 2 * self.runs).answers(slice(None))
        windows = Windows.of(healthy, span)
        rivals = tuned(windows, TUNED_ALARMS)
        alarms = {judge.name: judge_step(judge, healthy, span).back.share for judge in JUDGES}
        alarms |= {peer.name: peer.decide(windows).share for peer in PEERS}
        alarms[TUNED] = max(rival.decide(windows).share for rival in rivals)
        cells: dict[tuple[str, str], Cell] = {}
        for kind in KINDS:
            answers = Traffic(kind.case(self.rate), span, self.runs).answers(slice(None))
            windows = Windows.of(answers, span)
            decided = {judge.name: judge_step(judge, answers, span).back for judge in JUDGES}
            decided |= {peer.name: peer.decide(windows) for peer in PEERS}
            for name, decisions in decided.items():
                cells[kind.name, name] = _cell(answers, span, decisions, kind.metric)
            best = [_cell(answers, span, rival.decide(windows), kind.metric) for rival in rivals]
            cells[kind.name, TUNED] = min(best, key=lambda cell: (cell.bad, -cell.back))
        return Compared(alarms, cells)


@dataclass(frozen=True)
class Alarms:
    """Our judge on a version as good as stable, in one step of 30 minutes."""

    case: Case
    runs: int
    tick: float
    history: float = 0.0
    """Seconds of stable's own traffic that the judge has seen before."""

    def measure(self) -> Mapping[str, float]:
        """Return the share that is sent back, by judge."""
        span = Span(STEP_SECONDS, max(self.tick, 1 / self.case.rate))
        back = dict.fromkeys((judge.name for judge in JUDGES), 0.0)
        for part, runs in _parts(self.runs):
            answers = Traffic(self.case, span, runs, part).answers(slice(None))
            history = _history(self.case, self.history, (part, runs))
            for judge in JUDGES:
                back[judge.name] += judge_step(judge, answers, span, history=history).back.share * runs / self.runs
        return back


@dataclass(frozen=True)
class Misled:
    """Our judge on a healthy version where the gateway does not keep to the weight: told counts, or the weight."""

    case: Case
    nominal: float
    runs: int
    tick: float

    def measure(self) -> Mapping[str, float]:
        """Return the share that is sent back, by judge; and by each if it took the weight for the share of requests."""
        span = Span(STEP_SECONDS, self.tick)
        answers = Traffic(self.case, span, self.runs).answers(slice(None))
        back = {judge.name: judge_step(judge, answers, span).back.share for judge in JUDGES}
        misled = self._by_weight(answers)
        return back | {told_weight(judge.name): judge_step(judge, misled, span).back.share for judge in JUDGES}

    def _by_weight(self, answers: Answers) -> Answers:
        requests = answers.candidate + answers.stable
        candidate = np.rint(requests * self.nominal).astype(np.int64)
        candidate = np.maximum(candidate, answers.candidate_bad.max(axis=-1))
        stable = np.maximum(requests - candidate, answers.stable_bad.max(axis=-1))
        return Answers(candidate, answers.candidate_bad, stable, answers.stable_bad)


class Scaled(NamedTuple):
    """Requests of both versions until the decision: the bound, and by contestant median and mean as multiples of it."""

    bound: float
    multiples: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Stationary:
    """How many requests it takes on traffic that does not move, beside the fewest that any test could do with."""

    kind: Kind
    runs: int

    def measure(self) -> Scaled:
        """Judge ticks of an eightieth of the bound, or of one request."""
        bound = information_bound(BASE[0], self.kind.share, 0.1)
        span = Span(960.0, 1.0)
        case = replace(self.kind.case(max(bound / 80, 1.0)), steady=True)
        answers = Traffic(case, span, self.runs).answers(slice(None))
        requests = np.cumsum(answers.candidate + answers.stable, axis=0)
        errors = Answers(*(part if part.ndim == 2 else part[..., :1] for part in answers))
        decided = {ORACLE: oracle(answers, self.kind.share, 0)}
        for judge in JUDGES:
            decided[judge.name] = judge_step(judge, answers, span).back.seconds - 1
            decided[errors_alone(judge.name)] = judge_step(judge, errors, span).back.seconds - 1
        used = {name: _requests(requests, tick) / bound for name, tick in decided.items()}
        return Scaled(bound, {name: (float(np.median(each)), float(each.mean())) for name, each in used.items()})


class Ended(NamedTuple):
    """How whole rollouts ended. Seconds and bad responses are medians of those that ended so."""

    promoted: float
    promoted_seconds: float
    back: float
    back_seconds: float
    back_bad: float


@dataclass(frozen=True)
class Rollouts:
    """Whole rollouts by one judge, for two hours at most."""

    judge: str
    plan: Plan
    case: Case
    runs: int
    tick: float
    metric: int = 0
    history: float = HISTORY_SECONDS
    """Seconds of stable's own traffic that the judge has seen before."""

    def measure(self) -> Ended:
        """Roll out; at low rates it looks only as often as ten requests come in."""
        span = Span(ROLLOUT_SECONDS, max(self.tick, 10 / self.case.rate))
        ended = []
        for part, runs in _parts(self.runs):
            history = _history(self.case, self.history, (part, runs))
            ended.append(roll_out(JUDGE[self.judge], self.plan, Traffic(self.case, span, runs, part), history))
        promoted, back = (np.concatenate([getattr(each, name) for each in ended]) for name in ("promoted", "back"))
        bad = np.concatenate([each.bad for each in ended])[:, self.metric]
        went, came = np.isfinite(promoted), np.isfinite(back)
        return Ended(
            float(went.mean()), _median(promoted[went]), float(came.mean()), _median(back[came]), _median(bad[came])
        )


@dataclass(frozen=True)
class Passing:
    """One step at 10 % towards 25 %: how often it is passed within 30 minutes without having been sent back before.

    ``worse``: by how much the candidate's share of errors exceeds stable's. ``history``: seconds of stable's own
    traffic from which the dispersion was learned beforehand.
    """

    case: Case
    worse: float
    history: float
    runs: int
    tick: float

    def measure(self) -> float:
        """Return the share that passes; what speaks for a version is weighed alike by all settings of the judge."""
        case = replace(self.case, errors=BASE[0] + self.worse)
        span = Span(STEP_SECONDS, self.tick)
        answers = Traffic(case, span, self.runs).answers(slice(None))
        history = _history(self.case, self.history, (0, self.runs))
        step = judge_step(SHIPPED, answers, span, 0.25, history)
        return float((np.isfinite(step.passed) & (step.passed < step.back.seconds)).mean())


class Unheard(NamedTuple):
    """What contestants do when somebody gets no requests: the share sent back, and the share promoted or passed."""

    back: Mapping[str, float]
    passed: Mapping[str, float]


@dataclass(frozen=True)
class Silence:
    """No requests for 30 minutes: at all, or for the candidate (share 0)."""

    case: Case
    runs: int
    tick: float

    def measure(self) -> Unheard:
        """Let everybody judge nothing."""
        span = Span(STEP_SECONDS, self.tick)
        answers = Traffic(self.case, span, self.runs).answers(slice(None))
        windows = Windows.of(answers, span)
        back, passed = {}, {}
        for judge in JUDGES:
            step = judge_step(judge, answers, span)
            back[judge.name], passed[judge.name] = step.back.share, float(np.isfinite(step.passed).mean())
        for peer in PEERS:
            decisions = peer.decide(windows)
            back[peer.name], passed[peer.name] = decisions.share, float(decisions.promoted.mean())
        return Unheard(back, passed)


def told_weight(judge: str) -> str:
    """Return the name of a judge that takes the weight for the share of requests."""
    return f"{judge}, told the weight"


def errors_alone(judge: str) -> str:
    """Return the name of a judge that looks at errors only."""
    return f"{judge}, errors alone"


def _cell(answers: Answers, span: Span, decisions: Decisions, metric: int) -> Cell:
    bad = served_bad(answers, span, decisions, metric)
    late = float(np.quantile(decisions.seconds, 0.9, method="higher"))
    return Cell(decisions.share, float(decisions.promoted.mean()), decisions.median, late, float(np.median(bad)))


def _requests(total: Sequence[Sequence[int]] | Any, tick: Floats) -> Floats:
    found = np.isfinite(tick)
    place = np.where(found, tick, 0).astype(int)
    at: Floats = np.take_along_axis(total, place[None], axis=0)[0].astype(float)
    return np.where(found, at, np.inf)


def _median(values: Any) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _history(case: Case, seconds: float, part: tuple[int, int]) -> HistoryBatch | None:
    """Return what was learned of stable in so many seconds of traffic like the case's, before it."""
    if not seconds:
        return None
    number, runs = part
    before = Case(case.rate, burst=case.burst, trouble=case.trouble, steady=case.steady)
    return learned(before, Span(seconds, HISTORY_LOOK), runs, HISTORIES + number)


def _parts(runs: int) -> list[tuple[int, int]]:
    """Return number and size of the parts in which so many runs are simulated."""
    starts = range(0, runs, MOST_AT_ONCE)
    return [(number, min(MOST_AT_ONCE, runs - start)) for number, start in enumerate(starts)]
