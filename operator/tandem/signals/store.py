"""The ledger in status: beside the evidence that was taken from it, so that a restart counts nothing twice."""

from typing import Any, Final

from tandem.judge import CorruptEvidence
from tandem.judge import codec as read
from tandem.signals.ledger import Ledger, PodLedger, Slowness, Tallied

FORMAT: Final = 1
_FIELDS: Final = ("revision", "counting", "counters", "slowness")
_NAMED: Final = "named"
"""Only there if the user names metrics: the stored ledgers of before such metrics are read like the others."""


def ledger_to_dict(ledger: Ledger) -> dict[str, Any]:
    """Return the ledger as JSON values; what is only kept in memory (see `Recent`) is left out."""
    pods = {
        key: {
            "revision": pod.revision,
            "counting": pod.counting,
            "counters": [pod.finished, pod.answered, pod.errors, pod.turned_away],
            "slowness": {name: [s.seconds, s.within, s.beyond, s.known] for name, s in pod.slowness.items()},
            **({_NAMED: {name: _tallied_to_list(tallied) for name, tallied in pod.named.items()}} if pod.named else {}),
        }
        for key, pod in ledger.pods.items()
    }
    return {"format": FORMAT, "pods": pods}


def ledger_from_dict(data: object) -> Ledger:
    """Return the ledger that `ledger_to_dict` wrote. Raises `CorruptEvidence` for anything else."""
    content = read.record(data, "ledger", ("format", "pods"))
    read.expect_format(content["format"], FORMAT)
    pods = read.mapping(content["pods"], "ledger.pods")
    return Ledger({key: _pod(value, f"ledger.pods.{key}") for key, value in pods.items()})


def _pod(data: object, where: str) -> PodLedger:
    has_named = _NAMED in read.mapping(data, where)
    content = read.record(data, where, (*_FIELDS, _NAMED) if has_named else _FIELDS)
    revision, counting = content["revision"], content["counting"]
    if not isinstance(revision, str) or not isinstance(counting, bool):
        raise CorruptEvidence(where, "its revision is no name, or whether it counts is no yes or no")
    finished, answered, errors, turned_away = _wholes(content["counters"], f"{where}.counters", 4)
    if not errors <= answered <= finished or answered + turned_away > finished:
        raise CorruptEvidence(f"{where}.counters", "a part counts more requests than the whole")
    slowness = read.mapping(content["slowness"], f"{where}.slowness")
    named = read.mapping(content[_NAMED], f"{where}.{_NAMED}") if has_named else {}
    return PodLedger(
        revision, counting, finished, answered, errors, turned_away,
        {name: _slowness(value, f"{where}.slowness.{name}") for name, value in slowness.items()},
        {name: _tallied(value, f"{where}.{_NAMED}.{name}") for name, value in named.items()},
    )  # fmt: skip


def _slowness(data: object, where: str) -> Slowness:
    if not isinstance(data, list) or len(data) != 4:
        raise CorruptEvidence(where, "not a list of four numbers")
    within, beyond, known = _wholes(data[1:], where, 3)
    if known < beyond:
        raise CorruptEvidence(where, "knows of fewer slow requests than have finished")
    return Slowness(read.number(data[0], where, least=0.0), within, beyond, known)


def _tallied_to_list(tallied: Tallied) -> list[str | int]:
    return [tallied.counted_by, tallied.counts.total, tallied.counts.bad]


def _tallied(data: object, where: str) -> Tallied:
    if not isinstance(data, list) or len(data) != 3 or not isinstance(data[0], str):
        raise CorruptEvidence(where, "not a mark and two numbers")
    return Tallied(data[0], read.counts(data[1:], where))


def _wholes(data: object, where: str, length: int) -> tuple[int, ...]:
    if not all(number.is_integer() for number in read.floats(data, where, length, least=0.0)):
        raise CorruptEvidence(where, "not whole numbers")
    assert isinstance(data, list)
    return tuple(int(number) for number in data)
