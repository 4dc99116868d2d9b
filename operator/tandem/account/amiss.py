"""What is not as it should be: conditions in the order of what they mean for users, each with what to do."""

from typing import Final

from tandem.account.account import Amiss
from tandem.account.remedies import remedy, side_of
from tandem.account.seen import Seen
from tandem.api.status import Condition

NORMAL_WHEN_TRUE: Final = frozenset({"Available", "Ready", "OperationallyReady"})
_NOT_WRONG: Final = frozenset({"Reconciling"})
_GRAVEST_FIRST: Final = ("Available", "Degraded", "Stalled", "Ready")


def amiss(seen: Seen) -> list[Amiss]:
    """Return what is wrong, the gravest first; of conditions with one cause only one."""
    status, meta = seen.deployment.status, seen.deployment.metadata
    if meta.generation and (status.observed_generation or 0) < meta.generation:
        return [_unseen_generation(seen), *_conditions(status.conditions or [])]
    return _conditions(status.conditions or [])


def _conditions(conditions: list[Condition]) -> list[Amiss]:
    on_its_way = any(each.type == "Reconciling" and each.status == "True" for each in conditions)
    found = [each for each in conditions if _is_wrong(each) and not (on_its_way and each.type == "Ready")]
    rank = {type_: number for number, type_ in enumerate(_GRAVEST_FIRST)}
    found.sort(key=lambda each: (rank.get(each.type, len(rank)), each.type))
    causes: set[tuple[str, str]] = set()
    wrong = []
    for each in found:
        cause = (each.reason, each.message)
        if cause not in causes:
            causes.add(cause)
            wrong.append(_amiss(each))
    return wrong


def _is_wrong(condition: Condition) -> bool:
    if condition.type in _NOT_WRONG:
        return False
    return (condition.status == "True") != (condition.type in NORMAL_WHEN_TRUE)


def _amiss(condition: Condition) -> Amiss:
    known = remedy(condition.reason)
    name = f"not {condition.type}" if condition.type in NORMAL_WHEN_TRUE else condition.type
    return Amiss(
        type=name,
        reason=condition.reason,
        message=condition.message,
        since=condition.last_transition_time,
        side=side_of(condition.reason),
        remedy=known.text if known else None,
    )


def _unseen_generation(seen: Seen) -> Amiss:
    status, meta = seen.deployment.status, seen.deployment.metadata
    looked = f"it looked at generation {status.observed_generation} last" if status.observed_generation else "never"
    return Amiss(
        type="Behind",
        reason="NotObserved",
        message=f"Tandem has not looked at generation {meta.generation} yet ({looked}): the rest is older",
        side="engineering",
        remedy="if this lasts longer than some seconds, the operator is away: kubectl get pods -A -l "
        "app.kubernetes.io/name=tandem",
    )
