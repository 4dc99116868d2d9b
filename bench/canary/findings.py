"""What is foretold and what was measured so far, kept while the bench goes on: an interrupted one leaves it behind."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.canary.foretold import Foretold
from bench.canary.measured import Healthy, Trial
from bench.canary.plan import Bad
from bench.canary.report import bad_table, healthy_table, markdown
from bench.judge.tables import Table


@dataclass
class Findings:
    """Each finding is written to the file, if there is one, as it is added."""

    measured_on: str
    foretold: Mapping[Bad, Foretold]
    good: Foretold
    """What is foretold of a healthy version."""
    file: Path | None = None
    trials: dict[Bad, list[Trial]] = field(default_factory=dict)
    healthy: list[Healthy] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Rates are tried side by side."""

    def add_trial(self, bad: Bad, trial: Trial) -> None:
        """Add what a bad version came to."""
        with self._lock:
            self.trials.setdefault(bad, []).append(trial)
            self._write()

    def add_healthy(self, rollout: Healthy) -> None:
        """Add what a healthy version came to."""
        with self._lock:
            self.healthy.append(rollout)
            self._write()

    def tables(self) -> list[Table]:
        """Return the tables of what was measured so far."""
        in_order = {bad: self.trials[bad] for bad in self.foretold if bad in self.trials}
        tables = [bad_table(in_order, self.foretold)] if in_order else []
        return [*tables, healthy_table(self.healthy, self.good)] if self.healthy else tables

    def markdown(self) -> str:
        """Return the tables as Markdown, with what they were measured on."""
        return markdown(self.measured_on, self.tables())

    def complaints(self) -> list[str]:
        """Return what must not be: how long something took is never among it."""
        lost = sum(trial.lost for found in self.trials.values() for trial in found)
        lost += sum(each.lost for each in self.healthy)
        back = [each for each in self.healthy if each.ending == "sent back"]
        return [
            *(f"a healthy version was sent back: rollout {each.number}: {each.reason}" for each in back),
            *([f"{lost} requests were lost that no bad version answered"] if lost else []),
            *self.unmeasured,
        ]

    def _write(self) -> None:
        if self.file is not None:
            self.file.write_text(self.markdown())
