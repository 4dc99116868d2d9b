"""The probe against a real server on loopback, run as Kubernetes runs it: a process of its own."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tandem.manifests import warmup_probe

Seen = list[tuple[str, str, str | None, bytes]]


class Bento(ThreadingHTTPServer):
    """Answers each path with the status given for it, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.statuses: dict[str, int] = {"/readyz": 200}
        self.hanging: set[str] = set()
        self.release = threading.Event()
        self.seen: Seen = []


class _Answer(BaseHTTPRequestHandler):
    server: Bento

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, self.headers.get("X-Tandem-Warmup"), body))
        if self.path in self.server.hanging:
            self.server.release.wait(20)
        self.send_response(self.server.statuses.get(self.path, 404))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output for the tests."""


@pytest.fixture
def bento() -> Iterator[Bento]:
    server = Bento()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def _probe(port: int, folder: Path, requests: list[dict[str, Any]], timeout: float = 5) -> tuple[int, str]:
    plan = folder / "warmup.json"
    plan.write_text(json.dumps({"port": port, "timeout": timeout, "requests": requests}))
    assert warmup_probe.__file__ is not None
    done = subprocess.run(
        [sys.executable, "-I", "-S", warmup_probe.__file__, str(plan)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


PREDICT = {"path": "/predict", "body": {"rows": [1.5, "ü"]}}


def test_a_ready_bento_that_answers_is_warm(bento: Bento, tmp_path: Path) -> None:
    bento.statuses |= {"/predict": 200, "/info": 404}
    assert _probe(bento.server_port, tmp_path, [PREDICT, {"path": "/info"}]) == (0, "")
    methods = [(method, path, header) for method, path, header, _ in bento.seen]
    assert methods == [("GET", "/readyz", "true"), ("POST", "/predict", "true"), ("GET", "/info", "true")]
    assert json.loads(bento.seen[1][3]) == PREDICT["body"]


def test_a_bento_that_is_not_ready_is_asked_nothing_else(bento: Bento, tmp_path: Path) -> None:
    bento.statuses["/readyz"] = 503
    assert _probe(bento.server_port, tmp_path, [PREDICT]) == (1, "not ready yet: /readyz answered 503\n")
    assert len(bento.seen) == 1


def test_a_server_error_is_a_failure_that_names_the_request_but_not_its_body(bento: Bento, tmp_path: Path) -> None:
    bento.statuses["/predict"] = 500
    code, said = _probe(bento.server_port, tmp_path, [{"path": "/info"}, PREDICT, {"path": "/never"}])
    assert (code, said) == (1, "warm-up request 2 (POST /predict) answered 500\n")
    assert bento.seen[-1][1] == "/predict", "what comes after a failure is not sent"


def test_a_request_that_hangs_is_a_failure(bento: Bento, tmp_path: Path) -> None:
    bento.hanging.add("/predict")
    code, said = _probe(bento.server_port, tmp_path, [PREDICT], timeout=0.2)
    assert code == 1
    assert said.startswith("warm-up request 1 (POST /predict) failed: TimeoutError")


def test_nobody_listening_is_not_ready(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as gone:
        port = gone.server_port
    code, said = _probe(port, tmp_path, [PREDICT])
    assert code == 1
    assert said.startswith("not ready yet: /readyz: ConnectionRefusedError")
