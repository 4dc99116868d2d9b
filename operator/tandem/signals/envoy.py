"""What Envoy counts of each endpoint of a cluster, as its page /stats/prometheus has it. Pure.

Envoy counts an attempt under the endpoint that it was sent to: ``rq_success`` if an answer below 500 came, ``rq_error``
if one of 500 or more came, or none: a refused or broken connection, a timeout of the route. (Seen with Envoy 1.40. What
breaks off after the answer has begun counts as a success; a caller who hangs up is in neither.)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

from tandem.judge import Counts
from tandem.signals.exposition import GarbledMetrics, labels_of, name_and_labels, quoted, series_and_value

STATS_PORT: Final = 19001
"""Where Envoy Gateway has its proxies tell of themselves."""

_FILTER: Final = r"^cluster\.httproute/.*\.endpoint\..*\.rq_(success|error)$"
STATS_PATH: Final = f"/stats/prometheus?filter={quote(_FILTER, safe='')}"
"""The page, with only what is counted by endpoint of HTTPRoutes: the whole of it has megabytes."""

_SUCCESSES: Final = "envoy_cluster_endpoint_rq_success"
_ERRORS: Final = "envoy_cluster_endpoint_rq_error"
_BEGINNINGS: Final = (f"{_SUCCESSES}{{", f"{_ERRORS}{{")
_REMEMBERED_SERIES: Final = 65536
_LARGEST: Final = 2**53


@dataclass(frozen=True, slots=True)
class EndpointCounts:
    """What a proxy counted: by cluster, and by the endpoint's IP."""

    clusters: Mapping[str, Mapping[str, Counts]] = field(default_factory=dict)

    def of_route(self, namespace: str, name: str) -> dict[str, Counts] | None:
        """Return what was counted of an HTTPRoute's endpoints, by IP; None if the proxy knows no such route."""
        beginning = f"httproute/{namespace}/{name}/rule/"
        found: dict[str, Counts] | None = None
        for cluster, endpoints in self.clusters.items():
            if cluster.startswith(beginning):
                found = {} if found is None else found
                for ip, counts in endpoints.items():
                    found[ip] = found.get(ip, Counts()) + counts
        return found


def parse_endpoints(text: str) -> EndpointCounts:
    """Return the counts in an Envoy's page. Raises `GarbledMetrics`."""
    if text and not text.endswith("\n"):
        raise GarbledMetrics("its statistics end in the middle of a line")
    clusters: dict[str, dict[str, list[int]]] = {}
    for line in text.split("\n"):
        if line.startswith(_BEGINNINGS):
            text_of_series, value = series_and_value(line)
            series = _series(text_of_series)
            counts = clusters.setdefault(series.cluster, {}).setdefault(series.ip, [0, 0])
            counts[series.is_error] += _whole(value, line)
    return EndpointCounts({
        cluster: {ip: Counts(good + bad, bad) for ip, (good, bad) in endpoints.items()}
        for cluster, endpoints in clusters.items()
    })  # fmt: skip


class _Series(NamedTuple):
    is_error: bool
    cluster: str
    ip: str


@lru_cache(maxsize=_REMEMBERED_SERIES)
def _series(text: str) -> _Series:
    name, labels = name_and_labels(text)
    found = labels_of(labels, text)
    try:
        address = found["envoy_endpoint_address"]
        return _Series(name == _ERRORS, found["envoy_cluster_name"], address.rpartition(":")[0].strip("[]"))
    except KeyError as error:
        raise GarbledMetrics(f"its statistics hold a series without the label {error}: {quoted(text)}") from None


def _whole(value: str, line: str) -> int:
    if not value.isdecimal() or int(value) > _LARGEST:
        raise GarbledMetrics(f"its statistics hold a count that is no whole number: {quoted(line)}")
    return int(value)
