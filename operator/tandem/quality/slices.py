"""Quality overall and by group: floors, gaps between groups, and losses against stable, each with its uncertainty.

All bounds of all gates hold at once with the declared sureness: each may be wrong with an equal part of the rest
(Bonferroni). So over all groups and gates together, a version that meets every demand fails at most that often.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from tandem.api.quality import SliceGate, Slices
from tandem.api.values import percent_share
from tandem.quality.bounds import Estimate
from tandem.quality.errors import RowInvalid, TooManyGroups
from tandem.quality.json_text import is_number, same_json
from tandem.quality.outcome import Finding, Outcome
from tandem.quality.rows import Row, group_name
from tandem.quality.tally import ERRORS, LARGEST_NUMBER, Pairs, Tally

MOST_GROUPS: Final = 50
ALL: Final = "all rows"
AGAINST_STABLE: Final = " against stable"
_NOT_ASKED: Final = object()


@dataclass(slots=True)
class _Group:
    candidate: Tally = field(default_factory=Tally)
    stable: Tally = field(default_factory=Tally)
    pairs: Pairs = field(default_factory=Pairs)


class SliceTally:
    """Takes in rows with the answers to them, one by one; judges them at the end."""

    def __init__(self, slices: Slices) -> None:
        self._slices = slices
        self._positive = True if slices.positive is None else slices.positive
        self._groups: list[dict[str, _Group]] = [{} for _ in slices.gates]

    def take(self, row: Row, said: Any, stable_said: Any = None, *, by_stable: bool = False) -> None:
        """Take in a row and what was predicted; with ``by_stable`` also what stable predicted.

        Raises ``RowInvalid`` or ``TooManyGroups`` for rows that do not fit the gates.
        """
        read = None
        for gate, groups in zip(self._slices.gates, self._groups, strict=True):
            name = group_of(gate, row)
            group = groups.get(name) or groups.setdefault(name, _Group())
            if len(groups) > MOST_GROUPS:
                raise TooManyGroups(
                    f"field {gate.field} makes more than {MOST_GROUPS} groups: cut it with edges, or take another"
                )
            if gate.metric in ERRORS:
                self._take_number(group, row, said, stable_said if by_stable else None)
            else:
                # The same for every gate, so read once.
                read = read or self._read_classes(row.label, said, stable_said if by_stable else _NOT_ASKED)
                _take_class(group, *read)

    def mistake(self, gate: SliceGate, row: Row, said: Any) -> float | None:
        """Return how wrong a prediction is in the sense of a gate's metric; None if it does not count against it."""
        if gate.metric in ERRORS:
            return abs(said - row.label) if is_number(said) and is_number(row.label) and said != row.label else None
        positive, (right, said_positive) = self._is_positive(row.label), self._read(row.label, said)
        against = {"recall": positive and not said_positive, "precision": said_positive and not positive}
        return 1.0 if against.get(gate.metric, not right) else None

    def findings(self) -> list[Finding]:
        """Return what came of each gate, for each group."""
        doubt = self._doubt()
        return [
            finding
            for gate, groups in zip(self._slices.gates, self._groups, strict=True)
            for finding in _judge(gate, groups, doubt)
        ]

    def _doubt(self) -> float:
        bounds = sum(
            len(groups) * _bounds_of(gate) for gate, groups in zip(self._slices.gates, self._groups, strict=True)
        )
        return (1.0 - percent_share(self._slices.sureness)) / max(bounds, 1)

    def _take_number(self, group: _Group, row: Row, said: Any, stable_said: Any) -> None:
        if not is_number(row.label) or abs(row.label) > LARGEST_NUMBER:
            raise RowInvalid(f"{row.name}: mae and rmse need labels that are numbers up to {LARGEST_NUMBER:g}")
        # What is no number at all is counted by the caller: an error has no size then.
        if not is_number(said):
            return
        group.candidate.take_number(said - row.label)
        if is_number(stable_said):
            group.stable.take_number(stable_said - row.label)
            group.pairs.take_number(said - row.label, stable_said - row.label)

    def _read_classes(
        self, label: Any, said: Any, stable_said: Any
    ) -> tuple[bool, tuple[bool, bool], tuple[bool, bool] | None]:
        stable = None if stable_said is _NOT_ASKED else self._read(label, stable_said)
        return self._is_positive(label), self._read(label, said), stable

    def _is_positive(self, label: Any) -> bool:
        return same_json(label, self._positive)

    def _read(self, label: Any, said: Any) -> tuple[bool, bool]:
        """Return whether a prediction is right, and whether it says positive."""
        if self._slices.threshold is None:
            return same_json(said, label), self._is_positive(said)
        says_positive = is_number(said) and said >= self._slices.threshold
        return is_number(said) and says_positive == self._is_positive(label), says_positive


def _take_class(group: _Group, positive: bool, read: tuple[bool, bool], stable_read: tuple[bool, bool] | None) -> None:
    right, said_positive = read
    group.candidate.take_class(right, positive, said_positive)
    if stable_read is not None:
        stable_right, stable_positive = stable_read
        group.stable.take_class(stable_right, positive, stable_positive)
        group.pairs.take_class(right, stable_right, positive)


def group_of(gate: SliceGate, row: Row) -> str:
    """Return the group that a row is of, as a gate makes them. Raises ``RowInvalid``."""
    if gate.field is None:
        return ALL
    return f"{gate.field} {group_name(row.group(gate.field), gate.edges, row.name)}"


def label_of(gate: SliceGate, group: str) -> str:
    """Return what a gate's figure for a group is called; that against stable is called so and ``AGAINST_STABLE``."""
    return f"{gate.metric} of {group}"


def gap_label(gate: SliceGate) -> str:
    """Return what the gap between a gate's groups is called."""
    return f"{gate.metric} gap by {gate.field}"


def _bounds_of(gate: SliceGate) -> int:
    """Return how many bounds a group of a gate rests on."""
    by_itself = 0 if gate.min is None and gate.max is None and gate.max_gap is None else 2
    return by_itself + (0 if gate.max_loss_against_stable is None else 4)


def _judge(gate: SliceGate, groups: Mapping[str, _Group], doubt: float) -> Iterator[Finding]:
    estimates = {name: group.candidate.estimate(gate.metric, doubt) for name, group in sorted(groups.items())}
    if gate.min is not None or gate.max is not None:
        for name, estimate in estimates.items():
            yield _floor(gate, name, estimate)
    if gate.max_gap is not None:
        yield _gap(gate, estimates)
    if gate.max_loss_against_stable is not None:
        for name, group in sorted(groups.items()):
            yield _loss(gate, name, group, doubt)


def _floor(gate: SliceGate, name: str, estimate: Estimate) -> Finding:
    label = label_of(gate, name)
    if gate.min is not None:
        demand, missed, met = f"at least {gate.min:g}", estimate.high < gate.min, estimate.low >= gate.min
    else:
        assert gate.max is not None
        demand, missed, met = f"at most {gate.max:g}", estimate.low > gate.max, estimate.high <= gate.max
    return Finding(label, _outcome(missed, met), f"{label} is {words(estimate)}; {demand} is demanded")


def _gap(gate: SliceGate, estimates: Mapping[str, Estimate]) -> Finding:
    assert gate.max_gap is not None
    label = gap_label(gate)
    known = {name: estimate for name, estimate in estimates.items() if estimate.value is not None}
    if len(known) < 2:
        return Finding(label, Outcome.TOO_FEW, f"{label}: fewer than two groups have rows to tell by")
    surest = max(combinations(known, 2), key=lambda pair: _sure_gap(known[pair[0]], known[pair[1]]))
    widest = max(e.high for e in known.values()) - min(e.low for e in known.values())
    missed = _sure_gap(known[surest[0]], known[surest[1]]) > gate.max_gap
    told = surest if missed else _farthest(known)
    said = " and ".join(f"{name} {words(known[name])}" for name in told)
    return Finding(
        label, _outcome(missed, widest <= gate.max_gap), f"{gate.metric}: {said}; at most {gate.max_gap:g} apart"
    )


def _farthest(known: Mapping[str, Estimate]) -> Sequence[str]:
    ranked = sorted(known, key=lambda name: known[name].value or 0.0)
    return ranked[0], ranked[-1]


def _sure_gap(one: Estimate, other: Estimate) -> float:
    """Return the gap that two groups have at least."""
    return max(one.low - other.high, other.low - one.high)


def _loss(gate: SliceGate, name: str, group: _Group, doubt: float) -> Finding:
    most = gate.max_loss_against_stable
    assert most is not None
    label = label_of(gate, name) + AGAINST_STABLE
    loss = group.pairs.loss(gate.metric, doubt * 2)
    if loss is None:
        mine, its = group.candidate.estimate(gate.metric, doubt), group.stable.estimate(gate.metric, doubt)
        loss = _unpaired(mine, its, worse_is_more=gate.metric in ERRORS)
    if loss.value is None:
        return Finding(label, Outcome.TOO_FEW, f"{label}: there is no row to tell by")
    outcome = _outcome(loss.low > most, loss.high <= most)
    return Finding(label, outcome, f"{label} is worse by {words(loss)}; at most {most:g} is granted")


def _unpaired(mine: Estimate, its: Estimate, *, worse_is_more: bool) -> Estimate:
    worse, better = (mine, its) if worse_is_more else (its, mine)
    value = None if worse.value is None or better.value is None else worse.value - better.value
    return Estimate(value, worse.low - better.high, worse.high - better.low, min(mine.rows, its.rows))


def _outcome(missed: bool, met: bool) -> Outcome:
    if missed:
        return Outcome.MISSED
    return Outcome.MET if met else Outcome.TOO_FEW


def words(estimate: Estimate) -> str:
    """Return a figure with its bounds and what it rests on, for people."""
    if estimate.value is None:
        return "not defined (no rows)"
    return f"{estimate.value:.4g} ({estimate.low:.4g} to {estimate.high:.4g}, {estimate.rows} rows)"
