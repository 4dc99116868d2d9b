"""What spec.quality demands of a version, one term each, and what of it a change gives up.

Where the rows are kept is no part of it: a ConfigMap gets a new name with each change of its content.
"""

from collections.abc import Iterator, Mapping, Sequence

from tandem.api.contract import PromisedDemand
from tandem.api.quality import Quality, SliceGate
from tandem.api.values import percent_share


def demands(quality: Quality | None) -> list[PromisedDemand]:
    """Return what is demanded, by term; of two demands of the same term the stricter one."""
    found: dict[str, PromisedDemand] = {}
    for each in _demands(quality) if quality is not None else ():
        known = found.get(each.term)
        found[each.term] = each if known is None or is_weaker(known, each) else known
    return [found[term] for term in sorted(found)]


def given_up(
    now: Sequence[PromisedDemand], before: Sequence[PromisedDemand]
) -> Iterator[tuple[PromisedDemand, PromisedDemand | None]]:
    """Yield each demand of before that is weaker now, with what is demanded instead; None: nothing."""
    kept = by_term(now)
    for old in before:
        new = kept.get(old.term)
        if new is None or is_weaker(new, old):
            yield old, new


def is_weaker(new: PromisedDemand, old: PromisedDemand) -> bool:
    """Tell whether a version may be worse by the new demand than by the old one of the same term."""
    lower = old.least is not None and (new.least is None or new.least < old.least)
    higher = old.most is not None and (new.most is None or new.most > old.most)
    return lower or higher


def bound(demand: PromisedDemand) -> str:
    """Return a demand's bound in words."""
    parts = [f"at least {demand.least:g}"] if demand.least is not None else []
    parts += [f"at most {demand.most:g}"] if demand.most is not None else []
    return " and ".join(parts)


def by_term(found: Sequence[PromisedDemand]) -> Mapping[str, PromisedDemand]:
    """Return demands by their term."""
    return {each.term: each for each in found}


def _demands(quality: Quality) -> Iterator[PromisedDemand]:
    if quality.edge_cases is not None:
        yield PromisedDemand(term="quality.edgeCases", least=percent_share(quality.edge_cases.share))
    if quality.slices is not None:
        yield PromisedDemand(term="quality.slices.sureness", most=percent_share(quality.slices.sureness))
        for gate in quality.slices.gates:
            yield from _gate(gate)
    if quality.compare is not None:
        yield PromisedDemand(term="quality.compare.maxChanged", most=percent_share(quality.compare.max_changed))
        yield PromisedDemand(term="quality.compare.tolerance", most=quality.compare.tolerance)
    if quality.deterministic:
        yield PromisedDemand(term="quality.deterministic", least=1.0)


def _gate(gate: SliceGate) -> Iterator[PromisedDemand]:
    of = f"{gate.metric} by {gate.field}" if gate.field is not None else gate.metric
    if gate.min is not None:
        yield PromisedDemand(term=f"quality.slices {of}", least=gate.min)
    if gate.max is not None:
        yield PromisedDemand(term=f"quality.slices {of}", most=gate.max)
    if gate.max_gap is not None:
        yield PromisedDemand(term=f"quality.slices {of}, maxGap", most=gate.max_gap)
    if gate.max_loss_against_stable is not None:
        yield PromisedDemand(term=f"quality.slices {of}, maxLossAgainstStable", most=gate.max_loss_against_stable)
