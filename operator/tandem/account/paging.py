"""Whom to call: the owner whose business the gravest cause is, and after that the other one."""

from typing import Final

from tandem.account.account import Amiss, Contact
from tandem.account.remedies import Side
from tandem.api.spec import Owners

NOBODY_IS_WOKEN_FOR: Final = frozenset({"not OperationallyReady", "Stale", "ReviewDue"})
"""What is missing in a declaration, or has grown old, was so by day too: it is shown, and can wait until then."""


def contacts(owners: Owners, wrong: list[Amiss]) -> list[Contact]:
    """Return the owners, whom to call first first; nobody is to be called where nothing is wrong."""
    wrong = [each for each in wrong if each.type not in NOBODY_IS_WOKEN_FOR]
    first: Side = wrong[0].side if wrong else "engineering"
    sides: tuple[Side, ...] = (first, "engineering" if first == "dataScience" else "dataScience")
    declared = {"dataScience": owners.data_science, "engineering": owners.engineering}
    found = [(side, owner) for side in sides if (owner := declared[side]) is not None]
    because = f"{wrong[0].type}: {wrong[0].reason}" if wrong else None
    return [
        Contact(side=side, team=owner.team, contact=owner.contact, because=because if number == 0 else None)
        for number, (side, owner) in enumerate(found)
    ]
