"""Edges of the bento's latency histogram, in seconds: an objective can be counted exactly only at an edge."""

from collections.abc import Iterable
from typing import Final

from tandem.api.requirements import Requirements
from tandem.api.revision import ModelRevisionSpec
from tandem.api.values import duration_seconds
from tandem.manifests.bento import configured_edges

GRID: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 180.0)
"""BentoML's own edges."""

MAX_EDGES: Final = 48
"""Each edge is a time series for each endpoint and status of each pod."""


def objectives(requirements: Requirements) -> dict[str, float]:
    """Return the latency objectives in seconds: ``{"p99": 0.15}``."""
    declared = requirements.latency.to_dict() if requirements.latency else {}
    return {name: duration_seconds(value) for name, value in declared.items()}


def edges(requirements: Requirements, live: Iterable[Iterable[float]] = ()) -> tuple[float, ...]:
    """Return the edges for a new revision: the grid, its objectives, and the edges of every live revision.

    The live ones are there so that versions can be compared at the objectives of either. Edges that live revisions have
    only inherited are given up, beginning with the last revision named, where there would be too many.
    """
    own = {seconds for seconds in objectives(requirements).values() if seconds > 0}
    chosen = {*GRID, *own}
    for revision in live:
        for edge in revision:
            if len(chosen) < MAX_EDGES:
                chosen.add(float(edge))
    return tuple(sorted(chosen))


def edges_of(revision: ModelRevisionSpec) -> tuple[float, ...]:
    """Return the edges that a revision's pods were configured with; none if the author brought a BENTOML_CONFIG."""
    return configured_edges(revision)
