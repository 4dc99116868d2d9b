"""Whose side acts, in words for a message: the side and the team, never how to reach it."""

from typing import Final, Literal

from tandem.api.spec import Owners

Sides = tuple[Literal["dataScience", "engineering"], ...]
DATA_SCIENCE: Final[Sides] = ("dataScience",)
ENGINEERING: Final[Sides] = ("engineering",)
BOTH: Final[Sides] = ("dataScience", "engineering")

_NAMES: Final = {"dataScience": "data science", "engineering": "engineering"}


def called(owners: Owners, sides: Sides) -> str:
    """Return who is to act, such as "It is for data science (risk-models)"; the other owner where a side has none."""
    teams = {"dataScience": owners.data_science, "engineering": owners.engineering}
    told = [_NAMES[side] + (f" ({owner.team})" if (owner := teams[side]) else "") for side in sides]
    if all(teams[side] is None for side in sides):
        instead = next((owner.team for owner in teams.values() if owner is not None), None)
        told = [f"{each} (nobody is declared; {instead} is the only owner)" for each in told]
    return f"It is for {' and '.join(told)}"
