"""Finding the slots again when status was lost (a restored backup, children adopted after an orphaning delete)."""

from typing import Final

from tandem.api.status import StableSlot
from tandem.rollout.draft import Draft, Record
from tandem.rollout.observation import RevisionState
from tandem.rollout.orders import leave_orders

_PERHAPS_OLD: Final = "nothing done: the status was lost, and this order may be an old one; give it again with a new id"


def recover_slots(draft: Draft) -> None:
    """Make the revision with most weight on the live route stable, and start nothing new until a person says so.

    Whatever else was going on is not guessed: the declared version may have been in mid-canary or sent back. An order
    that no status says was acted on may be months old, and the Resume among them would lift this very freeze.
    """
    if draft.stable or draft.candidate or draft.rejected or draft.previous.observed_generation is not None:
        return
    serving = _most_served(draft)
    if serving is None:
        return
    draft.stable = StableSlot(revision=serving, since=draft.now)
    draft.records[serving] = Record("Serving", "Recovered", "had most traffic when the status was lost")
    draft.tell_warning("StatusRecovered", f"the status was lost; {serving} has most traffic and is stable")
    if draft.seen.declared != serving:
        draft.frozen_by = "StatusLost"
    leave_orders(draft, _PERHAPS_OLD)


def _most_served(draft: Draft) -> str | None:
    known = draft.seen.revisions
    if draft.seen.route is not None:
        shares = {name: weight for name, weight in draft.seen.route.weights.items() if name in known and weight > 0}
        if shares:
            return max(shares, key=lambda name: (shares[name], *_standing(known[name])))
    target = draft.seen.service_target
    return target if target in known else None


def _standing(state: RevisionState) -> tuple[bool, int]:
    """Of two with the same share, the one that was promoted before; of those, the newer one."""
    return state.revision.status.served, state.revision.spec.number
