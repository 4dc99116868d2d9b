"""The contract between two versions: what is promised, and what a change takes back. Pure; lint and operator share it.

weakenings(contract_of(new.spec), contract_of(old.spec))
"""

from tandem.contract.promises import contract_of
from tandem.contract.weakening import Kind, Weakening, held, held_objectives, held_rollback, weakenings

__all__ = ["Kind", "Weakening", "contract_of", "held", "held_objectives", "held_rollback", "weakenings"]
