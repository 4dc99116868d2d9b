"""Later pods are asked a few questions; what they answer is held against them, that they are busy or gone is not."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.api.model import Route
from tandem.api.quality import Quality
from tandem.examiner import asker as asking
from tandem.examiner import smoke as smoking
from tandem.examiner.errors import Unfinished
from tandem.examiner.plan import Plan, RowFiles
from tandem.examiner.smoke import Smoked, smoke
from tandem.manifests.examination import LONGEST_WORD
from tests.unit.examiner.test_examination import ROUTE, ROWS, Service

MUST = [
    {"name": f"age {age}", "request": {"age": age}, "expect": {"at": "/risk", "min": 0, "max": 1}, "must": True}
    for age in range(20, 50)
]
OPTIONAL = [{"name": "rich", "request": {"age": 70}, "expect": {"at": "/risk", "equals": 99}}]


def written(folder: Path, name: str, rows: list[Any]) -> tuple[RowFiles, ...]:
    file = folder / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return (RowFiles(f"ConfigMap {name}", (file,)),)


def plan(folder: Path, cases: list[Any] | None = None, **quality: Any) -> Plan:
    declared = {"path": "/predict", "limits": {"rate": 10_000}, **quality}
    return Plan(
        "fraud-r2",
        Quality.model_validate(declared),
        (Route.model_validate(ROUTE),),
        (),
        ("http://before:3000",),
        written(folder, "cases", MUST + OPTIONAL if cases is None else cases),
        written(folder, "rows", ROWS),
    )


class Pods:
    """The pods, by the names of their hosts; one that is not given is gone."""

    def __init__(self, **services: Any) -> None:
        self.services = {"before": Service(), **services}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        service = self.services.get(request.url.host)
        if service is None:
            raise httpx.ConnectError("no route to host")
        return service(request)  # type: ignore[no-any-return]

    async def smoked(self, given: Plan, *names: str) -> Smoked:
        addresses = {f"uid-{name}": f"http://{name}:3000" for name in names}
        return await smoke(given, addresses, transport=httpx.MockTransport(self))


async def test_a_pod_like_the_others_passes_with_few_requests_all_of_them_marked(tmp_path: Path) -> None:
    service = Service()
    found = await Pods(late=service).smoked(plan(tmp_path), "late")
    assert (found.passed, found.missed) == (["uid-late"], {})
    assert service.marks == {"fraud-r2"}
    bad_input, cases = 1, smoking.MOST_CASES
    assert found.asked == service.requests["/predict"] == bad_input + cases + smoking.REPLAYED * smoking.REPEATS


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"not_a_number": 22}, "age 22: the answer is of no use: it holds NaN"),
        ({"huge": 22}, "age 22: the answer is of no use: a number in it has too many digits"),
        ({"field": "score"}, "age 20: there is no /risk in it"),
        ({"bad_input": 500}, "bad input to /predict: it is answered with 500, not with 400"),
        ({"workers": True}, "age "),
        ({"lost": 21}, "age 21: the connection was lost, twice"),
    ],
)
async def test_a_pod_that_answers_wrongly_is_missed_with_the_reason(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    found = await Pods(late=Service(**change)).smoked(plan(tmp_path), "late")
    assert found.passed == []
    assert says in found.missed["uid-late"]


async def other_answers(tmp_path: Path, **quality: Any) -> Smoked:
    cases = [{"name": "a man", "request": {"age": 30, "sex": 1}, "must": True}]
    return await Pods(late=Service(bias=0.5), good=Service()).smoked(plan(tmp_path, cases, **quality), "late", "good")


async def test_a_pod_that_answers_otherwise_than_one_before_it_is_told_from_those_that_do_not(tmp_path: Path) -> None:
    found = await other_answers(tmp_path)
    assert found.passed == ["uid-good"]
    assert found.missed == {"uid-late": "a man: asked again, it answers otherwise than the pods before it"}


async def test_where_answers_may_differ_they_are_not_compared(tmp_path: Path) -> None:
    assert (await other_answers(tmp_path, deterministic=False)).missed == {}


async def test_rows_are_replayed_where_there_are_no_cases(tmp_path: Path) -> None:
    found = await Pods(late=Service(bias=0.5)).smoked(plan(tmp_path, []), "late")
    assert list(found.missed) == ["uid-late"]


async def test_a_case_without_must_is_not_demanded_of_a_pod(tmp_path: Path) -> None:
    found = await Pods(late=Service()).smoked(plan(tmp_path, OPTIONAL), "late")
    assert found.passed == ["uid-late"]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_pod_is_asked_another_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(asking, "_LOOK_EVERY", 0.0)

    def busy(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status)

    found = await Pods(late=busy, good=Service()).smoked(plan(tmp_path), "late", "good")
    assert (found.passed, found.missed) == (["uid-good"], {})


async def test_a_pod_that_answers_503_where_that_is_right_is_not_busy(tmp_path: Path) -> None:
    child = {"name": "child", "request": {"age": 7}, "expect": {"status": 503}, "must": True}
    found = await Pods(late=Service(unable=7)).smoked(plan(tmp_path, [child]), "late")
    assert (found.passed, found.missed) == (["uid-late"], {})


async def test_a_pod_that_is_gone_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "READY_WITHIN", 0.0)
    found = await Pods(good=Service()).smoked(plan(tmp_path), "gone", "good")
    assert (found.passed, found.missed) == (["uid-good"], {})
    with pytest.raises(Unfinished, match="none of 1 pods could be asked"):
        await Pods().smoked(plan(tmp_path), "gone")


async def test_without_a_pod_to_compare_with_nobody_is_blamed(tmp_path: Path) -> None:
    with pytest.raises(Unfinished, match="the pod to compare with"):
        await Pods(before=None, late=Service(bias=0.5)).smoked(plan(tmp_path), "late")


async def test_where_none_was_asked_before_it_is_told_that_either_may_be_wrong(tmp_path: Path) -> None:
    cases = [{"name": "a man", "request": {"age": 30, "sex": 1}, "must": True}]
    found = await Pods(before=Service(bias=0.5), late=Service()).smoked(plan(tmp_path, cases), "before", "late")
    assert found.passed == ["uid-before"]
    assert "which was not asked before either: any of the two may be wrong" in found.missed["uid-late"]


def test_what_is_missed_at_a_pointer_of_half_a_character_can_be_told() -> None:
    assert json.loads(Smoked(missed={"uid": "there is no /\ud83d in it"}).to_message(LONGEST_WORD))["missed"] == {
        "uid": "there is no /? in it"
    }


def test_what_it_says_fits_into_a_termination_message_whatever_it_is() -> None:
    found = Smoked(missed={f"uid-{number:032}": "é" * 300 for number in range(20)})
    text = found.to_message(LONGEST_WORD)
    assert len(text.encode()) <= LONGEST_WORD
    assert json.loads(text)["missed"].keys() == found.missed.keys()


def test_the_program_asks_over_a_real_socket_and_leaves_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cases-0").mkdir()
    rows = "".join(json.dumps(case) + "\n" for case in MUST)
    (tmp_path / "cases-0" / "rows.jsonl").write_text(rows, encoding="utf-8")
    quality = {"path": "/predict", "edgeCases": {"rows": [{"configMap": "cases"}]}}
    asked = {"revision": "fraud-r2", "quality": quality, "interface": []}
    (tmp_path / "plan.json").write_text(json.dumps(asked), encoding="utf-8")
    message = tmp_path / "message"
    with served() as (before, marks), served() as (late, _), served(bias=1) as (wrong, _):
        given = {
            "PLAN_FILE": str(tmp_path / "plan.json"),
            "ROWS_FOLDER": str(tmp_path),
            "MESSAGE_FILE": str(message),
            "CANDIDATE": f"{late},{wrong}",
            "STABLE": before,
            "PODS": "uid-late,uid-wrong",
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        assert smoking.main() == 0
    word = json.loads(message.read_text(encoding="utf-8"))
    assert word["passed"] == ["uid-late"]
    assert word["missed"] == {"uid-wrong": "age 20: /risk is above 1"}
    assert marks == {"fraud-r2"}


@contextmanager
def served(bias: float = 0.0) -> Iterator[tuple[str, set[str | None]]]:
    """Serve answers on this machine; gives the address, and the marks of the requests as they come."""
    marks: set[str | None] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            marks.add(self.headers.get(asking.MARK))
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps({"risk": body["age"] / 100 + bias}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", marks
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
