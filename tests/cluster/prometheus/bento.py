"""A process with a bento's counters, real ones, that counts what it is told to."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

EDGES = (0.05, 0.15, 1.0, 60.0)
_OWN = ("endpoint", "runner_name", "service_name", "service_version")


class Bento:
    """Serves /metrics on a free port of loopback while the block runs."""

    def __init__(self) -> None:
        self.restart()
        bento = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = generate_latest(bento.registry)
                self.send_response(200)
                self.send_header("Content-Type", CONTENT_TYPE_LATEST)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' name for it
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer nobody any more. May be called again."""
        self._server.shutdown()
        self._server.server_close()

    def restart(self) -> None:
        """Begin to count at 0."""
        registry = CollectorRegistry()
        labels = (*_OWN, "http_response_code")
        self._requests = Counter("bentoml_service_request", "Requests", labels, registry=registry)
        self._durations = Histogram(
            "bentoml_service_request_duration_seconds", "Seconds", labels, registry=registry, buckets=EDGES
        )
        self._in_progress = Gauge("bentoml_service_request_in_progress", "Unanswered", _OWN, registry=registry)
        for path in ("/predict", "/livez"):
            for code in (200, 500):  # as BentoML does before the first request
                self._requests.labels(*_labels(path), code)
        self._in_progress.labels(*_labels("/predict"))
        self._scored = Counter("scored", "Scored", ["outcome"], registry=registry)
        for outcome in ("passed", "declined"):
            self._scored.labels(outcome)
        self.registry = registry

    def answer(self, number: int, code: int = 200, seconds: float = 0.01, path: str = "/predict") -> None:
        """Count requests that were answered."""
        labels = (*_labels(path), code)
        self._requests.labels(*labels).inc(number)
        for _ in range(number):
            self._durations.labels(*labels).observe(seconds)

    def score(self, number: int, declined: int = 0) -> None:
        """Count what the service counts itself: things that it scored, and how many of them it declined."""
        self._scored.labels("passed").inc(number - declined)
        self._scored.labels("declined").inc(declined)

    def garble(self) -> None:
        """Count what is no number."""
        self._requests.labels(*_labels("/predict"), 200).inc(float("nan"))


def _labels(path: str) -> tuple[str, ...]:
    return path, "Digits", "digits", "first"
