"""What the demo is about: names, places and deadlines."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
MANIFESTS: Final = Path(__file__).resolve().parent / "manifests"
CHART: Final = REPOSITORY / "charts" / "tandem"

NAMESPACE: Final = "demo"
DEPLOYMENT: Final = "digits"
OPERATOR_NAMESPACE: Final = "tandem-system"
RELEASE: Final = "tandem"
PATH: Final = "/digits"
RATE: Final = 50.0
"""Requests per second."""

TRAFFIC_SECONDS: Final = 1200.0
"""The load generator ends by itself after this long, whatever became of the demo."""


@dataclass(frozen=True)
class Deadlines:
    """Seconds that each wait may take on a busy machine with two cores."""

    objects: float = 120
    operator: float = 180
    gateway: float = 180
    first_version: float = 240
    traffic: float = 30
    promotion: float = 240
    watch: float = 120
    rollback: float = 240
    refusal: float = 30


DEADLINES: Final = Deadlines()
