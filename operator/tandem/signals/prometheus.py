"""Reading pods' counters from a Prometheus that scrapes them, instead of from the pods.

The samples are as fresh as its last scrape; between two scrapes nothing new is told of a pod. Every sample is handed on
once, with the time that it was scraped at. Prometheus scrapes each pod at another moment, so their news are kept
until there is some of every pod: requests of one version alone have nothing to be compared with.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final
from urllib.parse import urlencode

import httpx

from tandem.api.sources import PrometheusSource
from tandem.signals.metrics import PodCounters
from tandem.signals.pod_client import Clock
from tandem.signals.prometheus_answers import (
    WINDOW,
    Found,
    GarbledAnswer,
    NoAnswer,
    PartialAnswer,
    QueryRefused,
    Snapshot,
    query,
    refusal,
    snapshots,
)
from tandem.signals.sample import PodSample, PodTarget, Trouble, Unreadable
from tandem.signals.tokens import NoTokens, Tokens

TIMEOUT: Final = 3.0
"""Seconds for an answer, told to Prometheus too, so that it gives up when nobody waits any more."""

PACE: Final = 1.0
"""Seconds between two questions for the same pods: what is scraped every few seconds need not be asked for more."""

LARGEST_ANSWER: Final = 16 * 1024 * 1024
MOST_CONNECTIONS: Final = 64
"""To all Prometheus servers together."""

LAST_PORT: Final = 65535
SCRAPES_MISSED: Final = 3
"""Scrapes without anything new of a pod after which that is said."""

SHORTEST_PATIENCE: Final = 5.0
ROUND: Final = 1.5
"""Scrape intervals that a pod's news are waited for by those of the others, at most."""

GRACE: Final = 60.0
"""Seconds in which a pod that is new is to be found and scraped for the first time, beside others that are."""

_LARGEST_REFUSAL: Final = 64 * 1024
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "tandem",
}
_REASONS: Final[Mapping[type[NoAnswer], Trouble]] = {
    GarbledAnswer: "Garbled",
    QueryRefused: "HttpError",
    PartialAnswer: "Partial",
}


class PrometheusClient:
    """Asks Prometheus servers, within a bounded time and size; keeps its connections. Use it as a context.

    The addresses are written by whoever may create a ModelDeployment, so no redirect is followed, and of an answer that
    is not Prometheus' own nothing but its status is told. ``allowed``: the addresses that may be asked; none means any.
    ``tokens``: sent to the address that they are for, and to no other.
    """

    def __init__(self, timeout: float = TIMEOUT, allowed: Iterable[str] = (), tokens: Tokens | None = None) -> None:
        self.timeout = timeout
        self._tokens = tokens or NoTokens()
        self._allowed = frozenset(address.rstrip("/") for address in allowed)
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS // 2)
        self._transport = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), trust_env=False, limits=limits)

    async def ask(self, address: str, text: str, at: float | None = None) -> bytes:
        """Return the answer to an instant query, for now or for a time in Unix seconds. Raises `Unanswered`."""
        if self._allowed and address.rstrip("/") not in self._allowed:
            allowed = ", ".join(sorted(self._allowed))
            raise Unanswered("Refused", f"this operator may not ask there; it may ask {allowed}")
        try:
            async with asyncio.timeout(self.timeout):
                return await self._post(address, text, at)
        except TimeoutError:
            raise Unanswered("TimedOut", f"no complete answer within {self.timeout:g} s") from None
        except httpx.ConnectError as error:
            words = str(error).lower()
            refused = "refused" in words or "all connection attempts failed" in words
            what = "connection refused" if refused else str(error) or "no connection"
            raise Unanswered("Refused" if refused else "Unreachable", f"{what}; see that it runs there") from None
        except httpx.HTTPError as error:
            raise Unanswered("Unreachable", str(error) or type(error).__name__) from None

    async def __aenter__(self) -> "PrometheusClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.aclose()

    async def _post(self, address: str, text: str, at: float | None) -> bytes:
        form = {"query": text, "timeout": f"{self.timeout:g}s", **({"time": f"{at:.3f}"} if at is not None else {})}
        content = urlencode(form).encode()
        url, token = _query_url(address), self._tokens.token(address)
        headers = {**_HEADERS, **({"Authorization": f"Bearer {token}"} if token is not None else {})}
        response = await self._transport.handle_async_request(
            httpx.Request("POST", url, headers=headers, content=content)
        )
        try:
            good = response.status_code == httpx.codes.OK
            body = await _read(response, LARGEST_ANSWER if good else _LARGEST_REFUSAL)
        finally:
            await response.aclose()
        if not good:
            raise Unanswered("HttpError", _refused(response.status_code, body, token is not None))
        return body


class Unanswered(Exception):
    """A question without an answer: why, and what came instead."""

    def __init__(self, reason: Trouble, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True)
class _Known:
    """What was told of a process last. ``ready_at``: the newest scrape when the pod was first seen to be ready."""

    at: float
    heard: float
    counters: PodCounters | None = None
    ready_at: float | None = None
    fell: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """What Prometheus has of a pod, and whether that is newer than what was told of it."""

    pod: PodTarget
    snapshot: Snapshot
    is_new: bool


class PrometheusScraper:
    """Reads the pods of one ModelDeployment from one Prometheus, in one query a look.

    ``pace``: least seconds between two looks; one that comes early waits.
    """

    def __init__(
        self, client: PrometheusClient, source: PrometheusSource, pace: float = PACE, clock: Clock = monotonic
    ) -> None:
        self._client = client
        self._source = source
        self._pace = pace
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._asked: dict[str, float] = {}
        self._next_look = self._round_at = clock()
        self._usual: float = WINDOW
        """Seconds between two scrapes of a pod that was scraped only once: as often as the others are."""

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        """Return what is new of the pods: nothing before all have been scraped again since the last news."""
        if not pods:
            return []
        await asyncio.sleep(max(self._next_look - self._clock(), 0.0))
        self._next_look = self._clock() + self._pace
        try:
            content = await self._client.ask(self._source.address, query(self._source, pods))
            found = snapshots(content, self._source, {metric for pod in pods for metric in pod.metrics})
        except Unanswered as error:
            return [self._unreadable(pod, error.reason, str(error)) for pod in pods]
        except NoAnswer as error:
            return [self._unreadable(pod, _REASONS[type(error)], str(error)) for pod in pods]
        now = self._clock()
        self._asked = {pod.key: self._asked.get(pod.key, now) for pod in pods}
        self._known = {key: known for key, known in self._known.items() if key in self._asked}
        return self._answers(pods, found)

    def _answers(self, pods: Sequence[PodTarget], found: Found) -> list[PodSample | Unreadable]:
        asked = [found.get((pod.namespace, pod.name)) for pod in pods]
        known = (each.interval for each in asked if isinstance(each, Snapshot) and each.interval is not None)
        self._usual = max(known, default=WINDOW)
        looks = [look for look in (self._look(pod, found) for pod in pods) if look is not None]
        complete = self._round_is_complete([look for look in looks if not isinstance(look, Unreadable)])
        answers: list[PodSample | Unreadable | None] = []
        for look in looks:
            if isinstance(look, Unreadable):
                answers.append(look)
            elif look.pod.key not in self._known:
                answers.append(self._first(look))
            elif look.is_new and complete:
                answers.append(self._news(look))
        return [answer for answer in answers if answer is not None]

    def _round_is_complete(self, looks: Sequence[_Look]) -> bool:
        """Tell whether what is new may be handed on: of all pods, or of those that were scraped when all should be."""
        longest = max((look.snapshot.interval or self._usual for look in looks), default=self._usual)
        if not all(look.is_new for look in looks) and self._clock() - self._round_at <= ROUND * longest:
            return False
        self._round_at = self._clock()
        return True

    def _look(self, pod: PodTarget, found: Found) -> _Look | Unreadable | None:
        snapshot = found.get((pod.namespace, pod.name))
        if isinstance(snapshot, Snapshot):
            known = self._known.get(pod.key)
            is_new = known is None or snapshot.at > known.at
            stale = None if is_new or known is None else self._stale(pod, snapshot, self._clock() - known.heard)
            return stale or _Look(pod, snapshot, is_new)
        if isinstance(snapshot, GarbledAnswer):
            return self._unreadable(pod, "Garbled", f"of pod {pod.name}: {snapshot}")
        is_young = pod.key not in self._known and self._clock() - self._asked[pod.key] <= GRACE
        if found and is_young:
            return None
        source = self._source
        labels = f'{source.namespace_label}="{pod.namespace}", {source.pod_label}="{pod.name}"'
        what = f"it has no bento's series with {labels} of the last {WINDOW} s"
        advice = "see that it scrapes that pod, and that podLabel and namespaceLabel are the names of its labels"
        return self._unreadable(pod, "Missing", f"{what}; {advice}")

    def _first(self, look: _Look) -> PodSample | None:
        """Return the first sample of a process: the baseline that its counting begins at."""
        self._known[look.pod.key] = _Known(look.snapshot.at, self._clock())
        # It may have been scraped before a restart: those would be another process' counters.
        return self._news(look) if look.pod.restarts == 0 else None

    def _news(self, look: _Look) -> PodSample | None:
        pod, snapshot, known = look.pod, look.snapshot, self._known[look.pod.key]
        known.at, known.heard = snapshot.at, self._clock()
        if known.counters is not None and not known.fell and _fell(known.counters, snapshot.counters):
            # Two that scrape the same pod may overtake each other by a moment. That must not look like a process that
            # began anew, whose requests would be counted again; one that did is still below its old counts next time.
            known.fell = True
            return None
        known.counters, known.fell = snapshot.counters, False
        if pod.ready and known.ready_at is None:
            known.ready_at = snapshot.at
        # What was scraped before the pod was ready is not where counting begins: its warm-up is still to come.
        ready = pod.ready and known.ready_at is not None and snapshot.at > known.ready_at
        return PodSample(replace(pod, ready=ready), snapshot.at, snapshot.counters)

    def _stale(self, pod: PodTarget, snapshot: Snapshot, silent: float) -> Unreadable | None:
        patience = max(SCRAPES_MISSED * (snapshot.interval or self._usual), SHORTEST_PATIENCE)
        if silent <= patience:
            return None
        what = f"it has had nothing new of pod {pod.name} for {silent:.0f} s; see its page Targets for why"
        return self._unreadable(pod, "Stale", what)

    def _unreadable(self, pod: PodTarget, reason: Trouble, what: str) -> Unreadable:
        return Unreadable(pod, reason, f"metrics cannot be read from Prometheus at {self._source.address}: {what}")


def _query_url(address: str) -> httpx.URL:
    """Return what is asked there. A CRD's pattern lets addresses pass that no connection can be opened to."""
    try:
        url = httpx.URL(f"{address.rstrip('/')}/api/v1/query")
        host, port = url.host, url.port or 0
    except (httpx.InvalidURL, UnicodeError) as error:
        raise Unanswered("Unreachable", f"that is no address: {error}") from None
    if port > LAST_PORT:
        raise Unanswered("Unreachable", f"that is no address: {host} cannot have a port {port}")
    return url


async def _read(response: httpx.Response, largest: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > largest:
            raise Unanswered("TooLarge", f"its answer has more than {largest // 1024} KiB")
    return bytes(content)


def _refused(status: int, body: bytes, with_token: bool) -> str:
    words = refusal(body)
    if words is not None:
        return f"it refused the query (HTTP {status}): {words}"
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        if with_token:
            return f"HTTP {status}: it does not accept the token that the operator has for it"
        return f"HTTP {status}: it wants credentials, and the operator has no token for exactly this address"
    if 300 <= status < 400:
        return f"HTTP {status}: it points elsewhere, and Tandem does not follow; give the address of Prometheus itself"
    if status == httpx.codes.NOT_FOUND:
        return "HTTP 404: there is no /api/v1/query; see that address has the path prefix of Prometheus, if it has one"
    return f"HTTP {status}"


def _fell(before: PodCounters, after: PodCounters) -> bool:
    if any(after.requests.get(key, 0) < number for key, number in before.requests.items()):
        return True
    return any(
        after.buckets.get(endpoint, {}).get(edge, 0) < number
        for endpoint, edges in before.buckets.items()
        for edge, number in edges.items()
    )
