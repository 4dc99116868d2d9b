"""The trial that a revision's status holds: where the judge goes on after a restart of the operator. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tandem.api.objects import ModelDeployment
from tandem.controller.exhibits import NO_TALLIES, Exhibit, Subject
from tandem.judge import CorruptEvidence, Evidence, WatchEvidence
from tandem.rollout.observation import Trouble
from tandem.signals import Ledger
from tandem.signals.store import ledger_from_dict
from tandem.signals.tallies import TallyLedger, tallies_from_dict


@dataclass(frozen=True)
class Restored:
    """What was found in a revision's status."""

    exhibit: Exhibit | None = None
    ledger: Ledger | None = None
    tallies: TallyLedger | None = None
    trouble: Trouble | None = None


def restore(
    stored: Mapping[str, Any] | None, subject: Subject, deployment: ModelDeployment, last_attempt: int
) -> Restored:
    """Return the trial that a revision's status holds, if it is this one; corrupt evidence is discarded and told of.

    ``last_attempt``: the revision's. A watch window follows that one's rollout, and not an earlier one's.
    """
    if not stored:
        return Restored()
    try:
        part, attempt = stored["part"], stored["attempt"]
        ledger, named = ledger_from_dict(stored["ledger"]), dict(stored.get("named", {}))
        tallies = tallies_from_dict(stored["tallies"]) if "tallies" in stored else NO_TALLIES
        if part == "watch":
            exhibit = Exhibit(subject, WatchEvidence.from_dict(stored["evidence"]), named)
            return Restored(exhibit, ledger, tallies) if subject.watched and attempt == subject.attempt else Restored()
        evidence = Evidence.from_dict(stored["evidence"])
        step, alone = int(stored["step"]), bool(stored.get("alone", False))
        was = replace(subject, stable=subject.stable or "", attempt=int(attempt), step=step, alone=alone)
    except (CorruptEvidence, KeyError, TypeError, ValueError) as error:
        return Restored(trouble=Trouble("EvidenceCorrupt", f"the stored evidence was discarded: {error}"))
    if attempt != (last_attempt if subject.watched else subject.attempt):
        return Restored()
    exhibit = Exhibit(was, evidence, named)
    return Restored(exhibit.promoted(subject, deployment) if subject.watched else exhibit, ledger, tallies)
