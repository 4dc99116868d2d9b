"""How long a version's requests and its start may take: as it was declared itself, whatever the spec says by now."""

from functools import lru_cache
from typing import Final

from tandem.api.revision import ModelRevisionSpec
from tandem.manifests.fields import STARTUP_DEADLINE_SECONDS, TIMEOUT_SECONDS
from tandem.manifests.text import from_yaml

_REMEMBERED: Final = 2048
"""Versions whose times are kept. What a revision declares never changes, and to read it takes 0.2 ms, if it is long
8 ms: too much for every look at a thousand models, most of which never ask."""


def timeout_seconds(revision: ModelRevisionSpec) -> float:
    """Return how long the bento lets a request take."""
    return _times(revision.declared)[0]


def startup_seconds(revision: ModelRevisionSpec) -> float:
    """Return how long a pod may take from its start until it is ready."""
    return _times(revision.declared)[1]


@lru_cache(_REMEMBERED)
def _times(declared: str) -> tuple[float, float]:
    values = from_yaml(declared)
    timeout = values.get("serving.timeout", TIMEOUT_SECONDS)
    return float(timeout), float(values.get("serving.startup.deadline", STARTUP_DEADLINE_SECONDS))
