"""Orders of a person: which make sense now, what each will do, and what to say of one that makes none."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, get_args

from tandem.account.seen import Seen
from tandem.api.revision import Verb
from tandem.api.status import CandidateSlot, ModelDeploymentStatus
from tandem.rollout.draft import Draft
from tandem.rollout.orders import last_good_before

VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
SAFEST_FIRST: Final[tuple[Verb, ...]] = ("Resume", "Pause", "Abort", "Rollback", "Retry", "Freeze", "Accept", "Promote")
UNSETTLED: Final = "the evidence has not settled that it is good"


@dataclass(frozen=True)
class Order:
    """An order that makes sense now."""

    verb: Verb
    revision: str
    effect: str
    """What it will do, in a sentence."""
    caution: str | None = None
    """What speaks against it."""


class Senseless(Exception):
    """An order that would do nothing, or not what was meant; the message says why, and what to do instead."""


def choose(seen: Seen, verb: Verb, revision: str | None, now: datetime) -> Order:
    """Return the order for the revision that the verb is about, or for the one that is named. Raises ``Senseless``."""
    if seen.deployment.metadata.deletion_timestamp is not None:
        raise Senseless(f"{seen.name} is being deleted: no order is followed any more")
    if revision is not None and revision not in seen.states:
        there = ", ".join(sorted(seen.states)) or "none"
        raise Senseless(f"{seen.name} has no revision {revision}; there are: {there}")
    if not seen.states:
        raise Senseless(f"{seen.name} has no revision yet: there is nothing to give an order about")
    return _CHOICES[verb](seen, revision, now)


def orders_now(seen: Seen, now: datetime) -> list[Order]:
    """Return what can be advised now, what risks least first.

    `choose` lets a person do more: to promote what nothing speaks for is allowed, and nobody should be told to.
    """
    found = []
    for verb in SAFEST_FIRST:
        try:
            order = choose(seen, verb, None, now)
        except Senseless:
            continue
        if _advisable(seen, order):
            found.append(order)
    conditions = {condition.type: condition for condition in seen.deployment.status.conditions or []}
    available = conditions.get("Available")
    if available is not None and available.status == "False":  # nothing serves: to go back is what there is to do
        found.sort(key=lambda order: order.verb != "Rollback")
    return found


def _advisable(seen: Seen, order: Order) -> bool:
    slot = _status(seen).candidate
    if order.verb == "Promote":
        return order.caution in (None, UNSETTLED)
    if order.verb == "Accept":
        return False  # whether callers and owners agree, no status tells
    return not (order.verb == "Pause" and slot is not None and slot.weight == 0)


def command(seen: Seen, order: Order) -> str:
    """Return the order as a command of ``tandem``. It names the revision: what is copied may be run a while later."""
    named = [] if order.verb == "Freeze" else ["--revision", order.revision]
    return " ".join(["tandem", order.verb.lower(), seen.name, "-n", seen.namespace, *named, *seen.flags.split()])


def kubectl(seen: Seen, order: Order, id_: str) -> str:
    """Return the order as plain kubectl, with the id that it is acted on once for."""
    patch = json.dumps({"spec": {"decision": {"verb": order.verb, "id": id_}}}, separators=(",", ":"))
    flags = f" {seen.flags}" if seen.flags else ""
    return f"kubectl patch mrev {order.revision} -n {seen.namespace}{flags} --type=merge -p '{patch}'"


def id_at(now: datetime, ending: str = "") -> str:
    """Return an id for an order that is given now; ``ending`` tells it from others of the same second."""
    return f"cli-{now:%Y%m%dT%H%M%SZ}" + (f"-{ending}" if ending else "")


def _status(seen: Seen) -> ModelDeploymentStatus:
    return seen.deployment.status


def _what_goes_on(seen: Seen) -> str:
    """Say in a clause who serves, for a refusal."""
    stable, candidate = _status(seen).stable, _status(seen).candidate
    serves = f"{stable.revision} serves" if stable else "nothing serves yet"
    return f"{serves}, {candidate.revision} is tried at {candidate.weight} %" if candidate else serves


def _candidate(seen: Seen, verb: str, revision: str | None) -> CandidateSlot:
    candidate = _status(seen).candidate
    if candidate is None:
        raise Senseless(f"no version of {seen.name} is being tried, so there is none to {verb} ({_what_goes_on(seen)})")
    if revision not in (None, candidate.revision):
        raise Senseless(f"{revision} is not the version that is being tried: that is {candidate.revision}")
    return candidate


def _watch(seen: Seen) -> str:
    if _status(seen).stable is None:
        return ""
    return f"; its predecessor can take over again for {seen.deployment.spec.rollout.watch}"


def _promote(seen: Seen, revision: str | None, _now: datetime) -> Order:
    slot = _candidate(seen, "promote", revision)
    if slot.restore:
        raise Senseless(f"{slot.revision} takes everything anyway as soon as its pods are ready: a person ordered it")
    if slot.promoted_by is not None:
        raise Senseless(f"{slot.revision} was promoted already, by order {slot.promoted_by}: it waits for its pods")
    effect = f"{slot.revision} passes without further evidence and gets everything as soon as its pods carry it"
    return Order("Promote", slot.revision, effect + _watch(seen), _doubt(seen, slot))


def _doubt(seen: Seen, slot: CandidateSlot) -> str | None:
    """Return what is to be said against letting it pass; None if the evidence of its step is in its favour."""
    revision = seen.revision(slot.revision)
    verdict = (revision.status.verdict or {}) if revision is not None else {}
    if slot.judged_since is None or not verdict:
        return "there is no evidence yet that it is good"
    kinds = {"Advance": None, "Undecided": UNSETTLED}
    return kinds.get(str(verdict.get("verdict")), "the evidence speaks against it")


def _abort(seen: Seen, revision: str | None, _now: datetime) -> Order:
    slot, stable = _candidate(seen, "abort", revision), _status(seen).stable
    keeps = f"{stable.revision} serves everything" if stable else "nothing serves then: no other version has"
    forgotten = "it is not started again until Retry, or until the spec declares something else"
    caution = None if stable else "no version would serve"
    return Order("Abort", slot.revision, f"{slot.revision} is sent back at once; {keeps}; {forgotten}", caution)


def _retry(seen: Seen, revision: str | None, _now: datetime) -> Order:
    rejected = _status(seen).rejected
    if rejected is None:
        raise Senseless(
            f"the declared version of {seen.name} was not sent back, so there is nothing to retry "
            f"({_what_goes_on(seen)}); to try an older version again, declare it again"
        )
    if revision not in (None, rejected.revision):
        raise Senseless(f"{revision} is not the version that was sent back: that is {rejected.revision}")
    frozen = _status(seen).frozen_by
    once = f", once Resume lifts the freeze {frozen}" if frozen else ""
    caution = f"it was sent back ({rejected.reason}), and is the same version still"
    effect = f"{rejected.revision} is tried again from the first step, with fresh evidence{once}"
    return Order("Retry", rejected.revision, effect, caution)


def _pause(seen: Seen, revision: str | None, _now: datetime) -> Order:
    slot = _candidate(seen, "pause", revision)
    if slot.paused:
        raise Senseless(f"{slot.revision} is paused already, at {slot.weight} %; resume lets it go on")
    effect = f"{slot.revision} stays at {slot.weight} % until Resume; it can still be sent back"
    return Order("Pause", slot.revision, effect)


def _resume(seen: Seen, revision: str | None, _now: datetime) -> Order:
    status = _status(seen)
    slot = status.candidate
    if slot is not None and slot.paused and revision in (None, slot.revision):
        effect = f"{slot.revision} goes on from {slot.weight} %, with all of evidence.maxDuration again"
        return Order("Resume", slot.revision, effect)
    if status.frozen_by is None:
        raise Senseless(f"{seen.name} is neither paused nor frozen: there is nothing to resume ({_what_goes_on(seen)})")
    effect = f"the freeze {status.frozen_by} is lifted: what the spec declares may start again"
    return Order("Resume", revision or _anchor(seen), effect)


def _anchor(seen: Seen) -> str:
    """Return the revision that holds an order about the model as a whole: the stable one if there is one."""
    stable = _status(seen).stable
    name = stable.revision if stable is not None and stable.revision in seen.states else seen.newest
    assert name is not None
    return name


def _freeze(seen: Seen, revision: str | None, _now: datetime) -> Order:
    frozen, slot = _status(seen).frozen_by, _status(seen).candidate
    if frozen is not None:
        raise Senseless(f"{seen.name} is frozen already, by order {frozen}; resume lifts it")
    goes_on = f"; {slot.revision}, which is being tried, goes on" if slot else ""
    return Order("Freeze", revision or _anchor(seen), f"no new version starts until Resume{goes_on}")


def _accept(seen: Seen, revision: str | None, _now: datetime) -> Order:
    status = _status(seen)
    slot = status.candidate or (status.stable if status.fallback is not None else None)
    if slot is None or not status.weakened:
        raise Senseless(f"{seen.name} promises no less than before: nothing to accept ({_what_goes_on(seen)})")
    if revision not in (None, slot.revision):
        raise Senseless(f"{revision} is not the version that promises less: that is {slot.revision}")
    differences = "; ".join(each.difference for each in status.weakened)
    caution = (
        "callers may break: agree with them first"
        if any(each.term.startswith("interface ") for each in status.weakened)
        else None
    )
    return Order("Accept", slot.revision, f"{slot.revision} is judged by what is declared now: {differences}", caution)


def _rollback(seen: Seen, revision: str | None, now: datetime) -> Order:
    status = _status(seen)
    stable, slot = status.stable, status.candidate
    if stable is None:
        raise Senseless(f"nothing of {seen.name} serves, so there is nothing to roll back; abort ends what is tried")
    if slot is not None and revision == slot.revision:
        return replace(_abort(seen, revision, now), verb="Rollback")
    if slot is not None and slot.restore:
        raise Senseless(f"{slot.revision} is on its way to take over already")
    if slot is not None and revision is None:
        raise Senseless(
            f"{slot.revision} is being tried while {stable.revision} serves: abort sends back {slot.revision}; "
            f"to leave {stable.revision}, name it with --revision {stable.revision}"
        )
    if revision not in (None, stable.revision):
        raise Senseless(f"{revision} does not serve: that is {stable.revision}")
    return _rollback_of_stable(seen, stable.revision, now)


def _rollback_of_stable(seen: Seen, stable: str, now: datetime) -> Order:
    status = _status(seen)
    fallback = seen.states.get(status.fallback.revision) if status.fallback is not None else None
    if fallback is not None and seen.ready(fallback) > 0:
        effect = f"{stable} is left at once: {fallback.name} takes over with its ready pods"
        return Order("Rollback", stable, effect)
    draft = Draft.of(seen.deployment, seen.observation(), now)
    target = last_good_before(draft, stable)
    if target is None:
        raise Senseless(f"there is nothing to go back to from {stable}: no earlier version that served well is kept")
    effect = f"{stable} is left: {target} is started anew and takes everything as soon as its pods are ready"
    aside = f"; {status.candidate.revision}, which is being tried, is pushed aside" if status.candidate else ""
    return Order("Rollback", stable, effect + aside)


_CHOICES: Final[Mapping[Verb, Callable[[Seen, str | None, datetime], Order]]] = {
    "Promote": _promote,
    "Abort": _abort,
    "Retry": _retry,
    "Pause": _pause,
    "Resume": _resume,
    "Rollback": _rollback,
    "Freeze": _freeze,
    "Accept": _accept,
}
