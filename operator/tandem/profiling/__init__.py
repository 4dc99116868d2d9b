"""Measuring a bento: start-up, memory, latency and throughput under load, and what SIGTERM does. I/O; see docs/plan.md.

bentoml is never imported: the bento is a process of its own, run by the user's own ``bentoml serve`` (`serve`) or by a
cluster, and all that is known of it is its address and its processes.
"""

from tandem.profiling.bento import Bento, serve, until_ready
from tandem.profiling.errors import ProfilingFailed
from tandem.profiling.measure import Progress, Terms, measure
from tandem.profiling.rows import Row, read_rows
from tandem.profiling.runs import ended_by_signals, local_setting

__all__ = [
    "Bento",
    "ProfilingFailed",
    "Progress",
    "Row",
    "Terms",
    "ended_by_signals",
    "local_setting",
    "measure",
    "read_rows",
    "serve",
    "until_ready",
]
