"""The load generator as a process: what it writes is what its starter reads."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dev.traffic import rows
from dev.traffic.outcomes import Outcome, parse
from dev.traffic.process import Traffic, TrafficFailed
from dev.traffic.rows import VERSION_HEADER, Row


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"label": 4}'
        self.send_response(200)
        self.send_header(VERSION_HEADER, "first")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        del format, arguments


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def some_rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    rows.write([Row("/predict", b'{"pixels": [1.0]}', {"first": {"label": 4}, "failing": None})], file)
    return file


def test_rows_are_read_as_they_were_written(some_rows: Path) -> None:
    [row] = rows.read(some_rows)
    assert json.loads(row.body) == {"pixels": [1.0]}
    assert row.is_right("first", {"label": 4, "probabilities": [1]})
    assert not row.is_right("failing", {"label": 4})


@pytest.mark.parametrize("text", ["", "{}", "no json"])
def test_unreadable_rows_say_how_to_make_them(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(rows.RowsUnreadable, match=r"python -m dev\.traffic\.digits"):
        rows.read(file)


def test_it_flows_until_it_is_stopped(url: str, some_rows: Path, tmp_path: Path) -> None:
    with Traffic(url, some_rows, tmp_path / "out" / "outcomes.jsonl", rate=100) as traffic:
        while len(traffic.outcomes()) < 20:
            traffic.check()
        outcomes = traffic.stop()
    assert {outcome.kind for outcome in outcomes} == {"ok"}
    assert {outcome.version for outcome in outcomes} == {"first"}
    assert traffic.stop() == outcomes


def test_one_that_cannot_run_says_why(url: str, tmp_path: Path) -> None:
    with Traffic(url, tmp_path / "no-such-rows", tmp_path / "outcomes.jsonl") as traffic:
        assert traffic._process is not None
        traffic._process.wait(30)
        with pytest.raises(TrafficFailed, match="rows to send cannot be read"):
            traffic.check()


def test_outcomes_are_read_as_they_were_written() -> None:
    outcomes = [
        Outcome(1700000000.5, 0.25, "ok", "first", 200, fresh=True, late=0.002),
        Outcome(1700000001.5, 10.0, "timeout", detail="no answer in time"),
    ]
    lines = [f"{outcome.to_line()}\n" for outcome in outcomes]
    assert list(parse(lines)) == outcomes
    assert list(parse([lines[0], lines[1][:20]])) == outcomes[:1], "a line being written is not read yet"
