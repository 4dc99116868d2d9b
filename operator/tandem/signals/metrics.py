"""Reading a bento's /metrics: requests by route and code, latency buckets, requests in progress.

The text is read once a second for every pod of every rollout, and its series hardly ever change: what a series means
is parsed once and remembered, so that a scrape costs little more than splitting lines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, NamedTuple

from tandem.signals.exposition import GarbledMetrics, labels_of, name_and_labels, quoted, series_and_value
from tandem.signals.named import NamedMetric, Reading, readings

REQUESTS: Final = "bentoml_service_request_total"
BUCKETS: Final = "bentoml_service_request_duration_seconds_bucket"
IN_PROGRESS: Final = "bentoml_service_request_in_progress"
_OURS: Final = "bentoml_service_request_"

INFRASTRUCTURE: Final = frozenset(
    {"/", "/metrics", "/healthz", "/livez", "/readyz", "/docs.json", "/schema.json", "/favicon.ico"}
)
"""Paths that every bento answers and that say nothing of the model. /static... is left out too."""

TOO_MANY_REQUESTS: Final = 429
NOT_FOUND: Final = 404
_REMEMBERED_SERIES: Final = 65536


@dataclass(frozen=True, slots=True)
class PodCounters:
    """A pod's counters at one moment, of its model's routes only.

    ``requests``: answered requests by (endpoint, code). ``buckets``: by endpoint and edge in seconds, requests that
    counted as answered (see `answered`) within that time. ``in_progress``: requests not answered yet. ``named``: what
    was asked for of the user's own metrics.
    """

    requests: Mapping[tuple[str, int], int] = field(default_factory=dict)
    buckets: Mapping[str, Mapping[float, int]] = field(default_factory=dict)
    in_progress: int = 0
    named: Mapping[str, Reading] = field(default_factory=dict)

    @property
    def finished(self) -> int:
        """Requests that got any answer."""
        return sum(self.requests.values())

    @property
    def answered(self) -> int:
        """Requests that the model answered, well or badly: all but unknown paths (404) and those turned away (429)."""
        return sum(number for (_, code), number in self.requests.items() if counts_as_answered(code))

    @property
    def errors(self) -> int:
        """Requests answered with a server error: 5xx, the bento's own timeout (504) among them."""
        return sum(number for (_, code), number in self.requests.items() if code >= 500)

    @property
    def turned_away(self) -> int:
        """Requests refused because the pod was busy (429): saturation, neither good nor bad."""
        return sum(number for (_, code), number in self.requests.items() if code == TOO_MANY_REQUESTS)

    def within(self, seconds: float) -> tuple[int, int] | None:
        """Return how many requests were answered within the time and how many took longer; None without that edge.

        Before the first request there is no bucket yet, and the answer is (0, 0).
        """
        fast = slow = 0
        for edges in self.buckets.values():
            edge = next((edge for edge in edges if abs(edge - seconds) <= 1e-9 * seconds), None)
            if edge is None:
                return None
            fast += edges[edge]
            slow += edges.get(float("inf"), edges[edge]) - edges[edge]
        return fast, slow


def counts_as_answered(code: int) -> bool:
    """Whether a request with this code was the model's to answer. Other 4xx were: the caller erred, and was told so."""
    return code not in (NOT_FOUND, TOO_MANY_REQUESTS)


def parse(text: str, metrics: Sequence[NamedMetric] = ()) -> PodCounters:
    """Return the counters in a bento's /metrics, those of the user's ``metrics`` among them.

    Raises `GarbledMetrics` if that is not what the text is.
    """
    if not text.endswith("\n"):
        raise GarbledMetrics(f"/metrics ends in the middle of a line: {quoted(text[text.rfind(chr(10)) + 1 :])}")
    tally = Tally()
    lines = text.split("\n")
    for line in lines:
        if not line.startswith(_OURS):
            if line and not line.startswith("#") and not _is_foreign_sample(line):
                raise GarbledMetrics(f"/metrics holds a line that is no sample: {quoted(line)}")
            continue
        series, value = series_and_value(line)
        meaning = _meaning(series)
        if meaning is None:
            continue
        try:
            tally.add(meaning, value)
        except NotACount as error:
            raise GarbledMetrics(f"/metrics holds a count that is {error}: {quoted(line)}") from None
    if not tally.seen:
        raise GarbledMetrics(f"/metrics has no series {REQUESTS}: not a bento's, or its metrics are turned off")
    counters = tally.counters()
    return replace(counters, named=readings(lines, metrics)) if metrics else counters


class NotACount(ValueError):
    """A sample's value counts nothing. The message completes "a count that is ..."."""


class Meaning(NamedTuple):
    """What one series counts; ``counts`` is false for paths that are not the model's."""

    kind: str
    counts: bool
    endpoint: str
    code: int
    edge: float


def meaning_of(kind: str, labels: Mapping[str, str]) -> Meaning | None:
    """Return what a series of this name and labels counts; None for one that is of no interest.

    Raises ``KeyError`` or ``ValueError`` for a label that is missing or no number.
    """
    if kind not in (REQUESTS, BUCKETS, IN_PROGRESS):
        return None
    endpoint = labels["endpoint"]
    code = 0 if kind == IN_PROGRESS else int(labels["http_response_code"])
    edge = float(labels["le"]) if kind == BUCKETS else 0.0
    infrastructure = endpoint in INFRASTRUCTURE or endpoint.startswith("/static")
    return Meaning(kind, not infrastructure, endpoint, code, edge)


class Tally:
    """A pod's counters, added up sample by sample, whoever read them. ``seen``: there was one of requests."""

    def __init__(self) -> None:
        self.seen = False
        self._requests: dict[tuple[str, int], int] = {}
        self._buckets: dict[str, dict[float, int]] = {}
        self._in_progress = 0

    def add(self, meaning: Meaning, value: str) -> None:
        """Add one sample. Raises `NotACount`."""
        self.seen = self.seen or meaning.kind == REQUESTS
        if not meaning.counts:
            return
        if meaning.kind == IN_PROGRESS:
            self._in_progress += max(_whole(value, signed=True), 0)
        elif meaning.kind == REQUESTS:
            key = (meaning.endpoint, meaning.code)
            self._requests[key] = self._requests.get(key, 0) + _whole(value)
        elif counts_as_answered(meaning.code):
            edges = self._buckets.setdefault(meaning.endpoint, {})
            edges[meaning.edge] = edges.get(meaning.edge, 0) + _whole(value)

    def counters(self) -> PodCounters:
        """Return what was added so far."""
        return PodCounters(self._requests, self._buckets, self._in_progress)


@lru_cache(maxsize=_REMEMBERED_SERIES)
def _meaning(series: str) -> Meaning | None:
    kind, text = name_and_labels(series)
    if kind not in (REQUESTS, BUCKETS, IN_PROGRESS):
        return None  # whatever its labels are
    labels = labels_of(text, series)
    try:
        return meaning_of(kind, labels)
    except (KeyError, ValueError) as error:
        raise GarbledMetrics(f"/metrics holds a series without a usable label ({error}): {quoted(series)}") from None


def _is_foreign_sample(line: str) -> bool:
    """Whether a line may be a sample of the bento's own metrics, of which only the start is looked at."""
    return line[0].isalpha() or line[0] in "_: "


def _whole(value: str, *, signed: bool = False) -> int:
    try:
        number = float(value)
        whole = int(number)
    except (ValueError, OverflowError):
        raise NotACount("no number") from None
    if whole != number or (whole < 0 and not signed):
        raise NotACount("not a whole number from 0")
    return whole
