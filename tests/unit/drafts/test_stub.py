"""A stub is a real bento: bentoml builds it, and it answers as its contract says."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tandem.api.model import Route
from tandem.api.requirements import Latency
from tandem.drafts import stub_answers
from tandem.drafts.schemas import InvalidSchema
from tandem.drafts.stub import HEADROOM, class_name, stub_files, wait_points

SCORE = Route(
    path="/predict",
    request={"type": "object", "properties": {"amount": {"type": "number", "minimum": 0}}, "required": ["amount"]},
    response={"type": "object", "properties": {"score": {"type": "number", "maximum": 1}}, "required": ["score"]},
)
BATCH = Route(path="/v1/batch", request={"type": "array"}, response={"type": "array", "items": {"enum": ["a", "b"]}})
LATENCY = Latency(p50="100ms", p99="200ms")


@pytest.mark.parametrize(
    ("latency", "points"),
    [
        (None, [[0, 0], [1, 0]]),
        (Latency(p99="100ms"), [[0, 0], [0.99, 0.08], [1, 0.08]]),
        (Latency(p50="1s", p99="500ms"), [[0, 0], [0.5, 0.4], [0.99, 0.4], [1, 0.4]]),
    ],
)
def test_waits_use_up_what_the_objectives_grant(latency: Latency | None, points: list[list[float]]) -> None:
    assert wait_points(latency) == points


@given(st.lists(st.integers(1, 5000), min_size=4, max_size=4))
def test_no_objective_is_missed(milliseconds: list[int]) -> None:
    objectives = dict(zip(("p50", "p90", "p95", "p99"), milliseconds, strict=True))
    points = wait_points(Latency.model_validate({name: f"{each}ms" for name, each in objectives.items()}))
    waits = sorted(stub_answers.seconds_at(points, turn * stub_answers.GOLDEN % 1) for turn in range(1000))
    for name, each in objectives.items():
        within = sum(wait <= each / 1000 * HEADROOM + 1e-9 for wait in waits) / len(waits)
        assert within >= int(name[1:]) / 100 - 0.005


@pytest.mark.parametrize(
    ("name", "word"),
    [("fraud", "Fraud"), ("fraud-scores", "FraudScores"), ("none", "ModelNone"), ("3d", "Model3d")],
)
def test_a_class_is_named_after_the_model(name: str, word: str) -> None:
    assert class_name(name) == word


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (Route(path="/predict", method="GET"), "called by POST"),
        (Route(path="/metrics", response={}), "BentoML's own"),
        (Route(path="/predict"), "no schema"),
        (Route(path="/predict", response={"not": {}}), "no example"),
    ],
)
def test_a_route_that_it_cannot_stand_in_for_is_told(route: Route, said: str) -> None:
    with pytest.raises(InvalidSchema, match=said):
        stub_files("fraud", "Fraud", [route], None)


@pytest.mark.parametrize("service", ["bentoml", "Path", "class", "a b", 'X"(', "ROUTE_PREDICT"])
def test_a_class_that_the_stub_could_not_have_is_refused(service: str) -> None:
    with pytest.raises(InvalidSchema, match=r"name for the service's class|name of a route"):
        stub_files("fraud", service, [SCORE], None)


@pytest.mark.parametrize("path", ['/"""', "/a'b", "/\\", "/import", "/1", "/é", "/{x}"])
def test_whatever_a_path_is_the_service_is_python(path: str) -> None:
    route = Route(path=path, response={"const": 1})
    files = stub_files("fraud", "Fraud", [route, SCORE], None)
    compile(files["service.py"], "service.py", "exec")


def test_the_same_request_has_the_same_answer() -> None:
    route = stub_answers.Route({}, {}, ["a", "b", "c"], [[0, 0], [1, 0]])
    answers = [asyncio.run(route.answer({"x": number, "y": 1})) for number in range(30)]
    assert answers == [asyncio.run(route.answer({"y": 1, "x": number})) for number in range(30)]
    assert set(answers) == {"a", "b", "c"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stub that bentoml built, as `bentoml serve` serves it."""
    folder = tmp_path_factory.mktemp("stub")
    for name, text in stub_files("fraud", "Fraud", [SCORE, BATCH], LATENCY).items():
        (folder / name).write_text(text)
    store = tmp_path_factory.mktemp("store")
    environment = {**os.environ, "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "True"}
    bentoml = str(Path(sys.executable).with_name("bentoml"))
    build = [bentoml, "build", "--version", "stub"]
    subprocess.run(build, cwd=folder, env=environment, check=True, capture_output=True, timeout=120)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [bentoml, "serve", "fraud:stub", "--host", "127.0.0.1", "--port", str(port)]
    log = (store / "log").open("wb")
    process = subprocess.Popen(serve, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        _until_ready(url, process, store / "log")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def _until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=3).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail(f"the stub is not ready: {log.read_text()[-2000:]}")


def post(url: str, path: str, body: Any) -> httpx.Response:
    return httpx.post(f"{url}{path}", json=body, timeout=10)


def test_it_answers_what_the_contract_declares_and_says_that_it_is_a_stub(served: str) -> None:
    for route, body in ((SCORE, {"amount": 1}), (BATCH, [1])):
        answer = post(served, route.path, body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-model-stub"] == "true"
        Draft202012Validator(route.response or {}).validate(answer.json())
        assert answer.json() == post(served, route.path, body).json()


def test_what_the_contract_does_not_allow_is_a_mistake_of_the_caller(served: str) -> None:
    answer = post(served, "/predict", {"amount": -17.25})
    assert (answer.status_code, answer.headers["x-model-stub"]) == (400, "true")
    assert "/amount" in answer.text and "17.25" not in answer.text


def test_it_is_as_late_as_the_contract_allows(served: str) -> None:
    seconds = sorted(post(served, "/predict", {"amount": 1}).elapsed.total_seconds() for _ in range(20))
    assert seconds[len(seconds) // 2] >= 0.5 * 0.08, "half of the answers wait between nothing and 80 ms"
    assert seconds[-1] >= 0.08


def test_its_own_documents_declare_the_contract(served: str) -> None:
    schema = httpx.get(f"{served}/schema.json", timeout=10).json()
    routes = {route["route"]: route for route in schema["routes"]}
    assert schema["name"] == "Fraud"
    assert routes["/predict"]["output"] == SCORE.response
    assert routes["/v1/batch"]["input"]["type"] == "array"


def test_files_say_no_more_than_they_need() -> None:
    files = stub_files("fraud", "Fraud", [SCORE], None)
    assert yaml.safe_load(files["bentofile.yaml"])["include"] == ["service.py", "answers.py", "contract.json"]
    assert not re.search(r"^(import|from) (tandem|bentoml)", files["answers.py"], re.MULTILINE)
    answers: Sequence[Any] = json.loads(files["contract.json"])["routes"]["/predict"]["answers"]
    for each in answers:
        Draft202012Validator(SCORE.response or {}).validate(each)
