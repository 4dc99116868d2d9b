"""From requirements and a profile to a plan: pods, memory, room, what cannot be met. Pure; see docs/plan.md."""

from tandem.planning.capacity import PodRate, pod_rate
from tandem.planning.findings import Finding, findings
from tandem.planning.sizing import Number, Sizing, size

__all__ = ["Finding", "Number", "PodRate", "Sizing", "findings", "pod_rate", "size"]
