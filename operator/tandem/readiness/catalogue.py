"""Every check, in order of its id. An id is never given to another check."""

from typing import Final

from tandem.readiness import capacity, contract, demand, ownership, quality, release, upkeep
from tandem.readiness.checks import Check

CHECKS: Final[tuple[Check, ...]] = tuple(
    sorted(
        (
            ownership.purpose,
            ownership.owners,
            ownership.contacts,
            ownership.consumers,
            ownership.consumers_wait_long_enough,
            ownership.gives_up_in_time,
            ownership.fallback,
            ownership.runbook,
            demand.latency,
            demand.availability,
            demand.throughput,
            demand.reachable,
            capacity.profile,
            capacity.redundancy,
            capacity.carries_peak,
            capacity.memory,
            capacity.startup,
            capacity.threads,
            capacity.drains,
            contract.interface,
            contract.served,
            contract.weakening,
            quality.edge_cases,
            quality.subjects,
            quality.slices,
            quality.drift,
            release.way_back,
            release.automatic,
            release.judged_in_time,
            upkeep.secrets,
            upkeep.review,
            upkeep.age,
            upkeep.waivers,
            upkeep.tag,
        ),
        key=lambda check: check.id,
    )
)
