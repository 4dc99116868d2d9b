"""``tandem check`` as people call it, against a service on this machine."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner, Result

from tandem.cli.main import app

MODEL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: fraud-edge-cases}
data:
  cases.jsonl: |
    {"name": "young", "request": {"age": 20}, "expect": {"at": "/risk", "max": 1}, "must": true}
    {"name": "no age", "request": {}, "expect": {"status": 400}}
---
apiVersion: tandem.dev/v1alpha1
kind: ModelDeployment
metadata: {name: fraud}
spec:
  owners: {dataScience: {team: risk, contact: risk@example.com}}
  model: {image: "registry.example.com/fraud:1"}
  quality:
    path: /predict
    edgeCases: {rows: [{configMap: fraud-edge-cases}]}
    slices:
      rows: [{secret: fraud-rows}]
      answer: /risk
      gates: [{field: sex, metric: mae, max: 0.1}]
    limits: {rate: 5000}
"""
ROWS = [{"request": {"age": age, "sex": age % 2}, "label": age / 100} for age in range(20, 60)]


class Bento(http.server.BaseHTTPRequestHandler):
    bias: ClassVar[float] = 0.0
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "age" not in body:
            return self._answer(400, {"error": "age is missing"})
        return self._answer(200, {"risk": body["age"] / 100 + self.bias * body.get("sex", 0)})

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it that
        del format, args


def serve(bias: float) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Version", (Bento,), {"bias": bias}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def good() -> Iterator[str]:
    yield from serve(0.0)


@pytest.fixture
def biased() -> Iterator[str]:
    yield from serve(0.7)


def check(folder: Path, url: str, *more: str, model: str = MODEL) -> Result:
    (folder / "model.yaml").write_text(model, encoding="utf-8")
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    words = [str(folder / "model.yaml"), "--url", url, "--rows", f"fraud-rows={rows}", *more]
    return CliRunner().invoke(app, ["check", *words])


def test_a_good_version_passes(tmp_path: Path, good: str) -> None:
    result = check(tmp_path, good)
    assert result.exit_code == 0, result.output
    assert "fraud passed" in result.stdout


def test_a_biased_version_is_refused_in_figures(tmp_path: Path, biased: str) -> None:
    result = check(tmp_path, biased, "--details", str(tmp_path / "details"))
    assert result.exit_code == 1, result.output
    assert "missed: mae of sex 1 is 0.7" in result.stdout
    assert "sex 0" not in result.stdout


@pytest.mark.parametrize(("output", "says"), [("json", '"outcome": "Failed"'), ("markdown", "| slices | refused |")])
def test_it_is_written_for_machines_and_pull_requests(tmp_path: Path, biased: str, output: str, says: str) -> None:
    assert says in check(tmp_path, biased, "--output", output).stdout


def test_details_that_cannot_be_written_are_no_refusal(tmp_path: Path, good: str) -> None:
    result = check(tmp_path, good, "--details", str(tmp_path / "no-such-folder" / "details"))
    assert result.exit_code == 2, result.output
    assert "fraud passed" in result.stdout
    assert "no-such-folder" in result.stderr


def test_details_of_half_a_character_are_json_and_the_rest_can_be_read(tmp_path: Path, good: str) -> None:
    model = MODEL.replace('"request": {}', '"request": {"name": "J\u00f6r\\ud83d"}').replace(
        '{"status": 400}', '{"status": 418}'
    )
    result = check(tmp_path, good, "--details", str(tmp_path / "details"), model=model)
    assert result.exit_code == 1, result.output
    written = (tmp_path / "details").read_text(encoding="utf-8")
    assert '"J\u00f6r\\ud83d"' in written
    assert json.loads(written.splitlines()[0])["request"] == {"name": "J\u00f6r\ud83d"}


def test_details_show_what_was_asked_and_answered(tmp_path: Path, good: str) -> None:
    model = MODEL.replace('"max": 1}', '"max": 0.1}')
    result = check(tmp_path, good, "--details", str(tmp_path / "details"), model=model)
    assert result.exit_code == 1
    [line] = (tmp_path / "details").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "gate": "edgeCases",
        "name": "young",
        "why": "/risk is above 0.1",
        "request": {"age": 20},
        "expected": {"at": "/risk", "max": 0.1},
        "got": {"status": 200, "body": {"risk": 0.2}},
    }
    assert "0.2" not in result.stdout


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("  quality:", "  qualty:"), "did you mean quality"),
        (("fraud-edge-cases}]", "others}]"), "--rows others=FILE"),
        (('"request": {}', '"requst": {}'), "cases.jsonl:2"),
        (("    path: /predict\n", ""), "say which route is asked"),
    ],
)
def test_a_mistake_is_named_and_is_no_verdict(tmp_path: Path, good: str, change: tuple[str, str], says: str) -> None:
    result = check(tmp_path, good, model=MODEL.replace(*change))
    assert result.exit_code == 2, result.output
    assert says in result.stderr
