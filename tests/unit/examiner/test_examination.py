"""An examination against services that answer well, badly, late or not at all, over a real socket where it matters."""

import asyncio
import json
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.api.model import Route
from tandem.api.quality import Limits, Quality
from tandem.examiner import asker as asking
from tandem.examiner.details import LONGEST_PART, Details
from tandem.examiner.errors import Unfinished
from tandem.examiner.examination import REPLAYED, examine
from tandem.examiner.lines import lines_of
from tandem.examiner.plan import Plan, RowFiles
from tandem.examiner.worst import WORST_OF_A_GROUP
from tandem.manifests.examination import LARGEST_SOURCE, LONGEST_WORD
from tandem.quality.answers import Answer
from tandem.quality.comparison import MOST_NAMED
from tandem.quality.report import Report
from tandem.quality.rows import read_rows

CASES = [
    {"name": "young", "request": {"age": 20}, "expect": {"at": "/risk", "min": 0, "max": 1}, "must": True},
    {"name": "no age", "request": {}, "expect": {"status": 400}},
]
ROWS = [{"request": {"age": age, "sex": age % 2}, "label": age / 100} for age in range(20, 80)]
ROUTE = {
    "path": "/predict",
    "request": {"type": "object", "required": ["age"]},
    "response": {"type": "object", "required": ["risk"], "properties": {"risk": {"type": "number"}}},
}
SLICES = {"answer": "/risk", "gates": [{"field": "sex", "metric": "mae", "max": 0.1}]}


class Service:
    """Answers as a bento does; ``change`` makes another version of it."""

    def __init__(self, **change: Any) -> None:
        self.change = change
        self.requests: Counter[str] = Counter()
        self.marks: set[str | None] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests[path] += 1
        self.marks.add(request.headers.get(asking.MARK))
        if path == "/readyz":
            return httpx.Response(200)
        if path == "/docs.json":
            return httpx.Response(200, json={"paths": {self.change.get("route", "/predict"): {"post": {}}}})
        body = json.loads(request.content)
        if not isinstance(body, dict) or "age" not in body:
            return httpx.Response(self.change.get("bad_input", 400), json={"error": "age is missing"})
        if body["age"] == self.change.get("lost"):
            raise httpx.ReadError("gone")
        if body["age"] == self.change.get("not_a_number"):
            return httpx.Response(200, content=b'{"risk": NaN}')
        if body["age"] == self.change.get("unable"):
            return httpx.Response(503)
        if body["age"] == self.change.get("huge"):
            return httpx.Response(200, content=b'{"risk": 1' + b"0" * 400 + b"}")
        wrong = self.change.get("bias", 0) * body.get("sex", 0)
        if self.change.get("workers"):
            wrong += self.requests[path] % 2
        return httpx.Response(200, json={self.change.get("field", "risk"): body["age"] / 100 + wrong})


def plan(folder: Path, **quality: Any) -> Plan:
    def written(name: str, rows: list[Any]) -> tuple[RowFiles, ...]:
        file = folder / name
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return (RowFiles(f"ConfigMap {name}", (file,)),)

    declared = {
        "edgeCases": {"rows": [{"configMap": "cases"}]},
        "slices": {"rows": [{"configMap": "rows"}], **SLICES},
        "limits": {"rate": 10_000},
        **quality,
    }
    return Plan(
        "fraud-r2",
        Quality.model_validate(declared),
        (Route.model_validate(ROUTE),),
        ("http://candidate:3000",),
        ("http://stable:3000",),
        written("cases", CASES),
        written("rows", ROWS),
    )


async def examined(given: Plan, candidate: Service, stable: Service | None = None) -> Report:
    def answer(request: httpx.Request) -> httpx.Response:
        return candidate(request) if request.url.host == "candidate" else (stable or Service())(request)

    return await examine(given, transport=httpx.MockTransport(answer))


async def test_a_good_version_passes_and_every_request_is_marked(tmp_path: Path) -> None:
    service = Service()
    report = await examined(plan(tmp_path), service)
    assert report.passed, report.sentence()
    assert service.marks == {"fraud-r2"}
    assert report.asked == sum(service.requests.values()) - service.requests["/readyz"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"bias": 0.5}, "mae of sex 1"),
        ({"field": "score"}, "lacks risk"),
        ({"not_a_number": 20}, "young: the answer is of no use: it holds NaN"),
        ({"huge": 20}, "young: the answer is of no use: a number in it has too many digits"),
        ({"bias": 1e200}, "/risk is farther from 0 than 1e+70"),
        ({"bad_input": 500}, "bad input to /predict: it is answered with 500, not with 400"),
        ({"route": "/classify"}, "POST /predict is declared, and the bento has no such route"),
        ({"workers": True}, "answers differ from the first"),
        ({"lost": 20}, "young: the connection was lost, twice"),
    ],
)
async def test_a_bad_version_is_refused_with_the_reason(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    report = await examined(plan(tmp_path), Service(**change))
    assert not report.passed
    assert says in json.dumps(report.to_dict())
    assert "0.2" not in report.gates["edgeCases"].words(), "answers are private"


class Interrupted(Service):
    """A good version; some requests of those that are asked again are not answered."""

    def __init__(self, interruption: httpx.Response | httpx.HTTPError, times: int = 1) -> None:
        super().__init__()
        self.interruption = interruption
        self.times = times

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.times or self.requests["/predict"] < len(CASES) + len(ROWS) + 10:
            return super().__call__(request)
        self.times -= 1
        if isinstance(self.interruption, httpx.HTTPError):
            raise self.interruption
        return self.interruption


@pytest.mark.parametrize("interruption", [httpx.Response(429), httpx.ReadError("gone")], ids=["busy", "lost"])
async def test_a_pod_that_is_busy_or_gone_for_a_moment_has_given_no_other_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: httpx.Response | httpx.HTTPError
) -> None:
    monkeypatch.setattr(asking, "_LOOK_EVERY", 0.0)
    service = Interrupted(interruption)
    report = await examined(plan(tmp_path), service)
    assert report.passed, report.sentence()
    assert service.times == 0


async def test_a_pod_that_goes_while_it_is_asked_again_is_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "READY_WITHIN", 0.0)
    with pytest.raises(Unfinished, match="cannot be asked"):
        await examined(plan(tmp_path), Interrupted(httpx.ConnectError("no route to host"), 1000))


async def test_half_a_character_is_asked_as_it_is_written(tmp_path: Path) -> None:
    """Bad input, as of a client that cuts a text in the middle of an emoji; the rest of it as it is."""
    case = {"name": "cut", "request": {"age": 20, "note": "\u00e4\ud83d"}, "must": True}
    contents: list[bytes] = []

    def noting(request: httpx.Request) -> httpx.Response:
        contents.append(request.content)
        return Service()(request)

    report = await examine(written_cases(tmp_path, [case]), transport=httpx.MockTransport(noting))
    assert report.passed
    assert '{"age":20,"note":"\u00e4\\ud83d"}'.encode() in contents


async def test_a_group_named_by_half_a_character_can_be_told_of(tmp_path: Path) -> None:
    given = plan(tmp_path)
    rows = [{**row, "groups": {"sex": "\ud83d"}} for row in ROWS]
    (tmp_path / "rows").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = await examined(given, Service(bias=5))
    assert "mae of sex ? is" in json.loads(report.to_message(LONGEST_WORD))["message"]


async def test_a_row_with_a_path_that_is_no_url_blames_nobody(tmp_path: Path) -> None:
    given = written_cases(tmp_path, [{"name": "tab", "path": "/pre\tdict", "request": {}}])
    with pytest.raises(Unfinished, match="is no URL"):
        await examined(given, Service())


def written_cases(folder: Path, cases: list[Any]) -> Plan:
    """Return the plan, with these edge cases."""
    given = plan(folder)
    (folder / "cases").write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    return given


async def test_a_declared_nondeterministic_version_is_not_asked_again(tmp_path: Path) -> None:
    service = Service()
    report = await examined(plan(tmp_path, deterministic=False), service)
    assert report.passed and "deterministic" not in report.gates


async def test_stable_is_asked_the_same_rows_only_where_it_is_compared(tmp_path: Path) -> None:
    stable = Service()
    await examined(plan(tmp_path), Service(), stable)
    assert not stable.requests
    report = await examined(
        plan(tmp_path, compare={"maxChanged": "10%", "answer": "/risk"}), Service(bias=0.05), stable
    )
    assert stable.requests["/predict"] == len(CASES) + len(ROWS)
    assert "30 of 61 answers" in report.sentence()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (b"", "does not exist or is empty"),
        (b"{}\n", "object with a request"),
        (b"x" * 3_000_000, "longer than"),
        (b'{"request": {"age": 20, "sex": 0}, "label": 1e200}\n', "labels that are numbers up to 1e"),
        (b'{"request": {"age": 20}, "label": 1}\n', "neither groups nor request has the field sex"),
    ],
)
async def test_rows_that_are_not_in_order_blame_nobody(tmp_path: Path, rows: bytes, says: str) -> None:
    given = plan(tmp_path)
    if rows:
        (tmp_path / "rows").write_bytes(rows)
    else:
        given = Plan(
            given.revision, given.quality, given.interface, given.candidate, rows=(RowFiles("Secret rows", ()),)
        )
    with pytest.raises(Unfinished, match=says):
        await examined(given, Service())


async def test_two_cases_of_one_name_are_told(tmp_path: Path) -> None:
    given = plan(tmp_path)
    (tmp_path / "cases").write_text((json.dumps(CASES[0]) + "\n") * 2, encoding="utf-8")
    with pytest.raises(Unfinished, match="two edge cases are called young"):
        await examined(given, Service())


async def test_a_pod_that_is_not_there_blames_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "READY_WITHIN", 0.05)
    monkeypatch.setattr(asking, "_LOOK_EVERY", 0.01)

    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Unfinished, match="NetworkPolicy"):
        await examine(plan(tmp_path), transport=httpx.MockTransport(refuse))


async def test_a_model_that_hangs_is_refused_for_its_case_and_not_waited_for(tmp_path: Path) -> None:
    """Over a real socket: it takes the request and says nothing, or never ends its answer."""
    release = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("GET /readyz"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
            await writer.drain()
            await release.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    given = plan(tmp_path, slices=None, limits={"timeout": "100ms", "rate": 10_000}, deterministic=False)
    given = Plan(given.revision, given.quality, (), (f"http://127.0.0.1:{port}",), edge_cases=given.edge_cases)
    given = Plan(
        given.revision, given.quality.with_changes(path="/predict"), (), given.candidate, edge_cases=given.edge_cases
    )
    report = await examine(given)
    release.set()
    server.close()
    assert not report.passed
    assert "young: there was no complete answer within 0.1 s" in report.sentence()


async def test_an_endless_answer_is_cut() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"1" * 65536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asking.Asker("x", (address,), Quality().limits, "x") as asker:
        answer = await asker.ask("POST", "/predict", {})
    server.close()
    assert "larger than" in str(answer.complaint)


async def answer_of(response: httpx.Response) -> Answer:
    transport = httpx.MockTransport(lambda _request: response)
    async with asking.Asker("x", ("http://pod",), Limits(rate=10_000), "x", transport) as asker:
        return await asker.ask("POST", "/predict", {})


async def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Never())
    assert (await answer_of(bomb)).complaint == "the answer is of no use: it is compressed, which was not asked for"


class Never(httpx.AsyncByteStream):
    """An answer's body that must not be read."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError


def test_a_large_file_of_rows_is_read_row_by_row(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    row = json.dumps({"request": {"text": "x" * 500_000}, "label": 1}).encode() + b"\n"
    with file.open("wb") as written:
        for _ in range(100):
            written.write(row)
    tracemalloc.start()
    [(label, lines)] = lines_of(RowFiles("ConfigMap rows", (file,)))
    count = sum(1 for _ in read_rows(lines, label))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100
    assert peak < 10_000_000, "of 50 MB"


@pytest.mark.parametrize("size", [50_000_000, 300_000_000])
async def test_a_file_that_is_no_rows_is_refused_before_it_is_read_whole(tmp_path: Path, size: int) -> None:
    given = plan(tmp_path)
    with (tmp_path / "rows").open("wb") as file:
        file.truncate(size)
    with pytest.raises(Unfinished, match="longer than 1024 KiB" if size < LARGEST_SOURCE else "larger than 256 MiB"):
        await examined(given, Service())


async def test_answers_of_any_size_are_remembered_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is asked again in any case, and as many more as fit."""
    for bytes_, asked_again in ((1, 1), (1_000_000, REPLAYED)):
        monkeypatch.setattr("tandem.examiner.examination.MOST_REMEMBERED", bytes_)
        report = await examined(plan(tmp_path), Service())
        assert report.gates["deterministic"].met == asked_again


async def test_details_are_short_whatever_was_asked_and_answered(tmp_path: Path) -> None:
    given = plan(tmp_path)
    case = {"name": "long", "request": {"age": 20, "text": "x" * 100_000}, "expect": {"at": "/risk", "min": 5}}
    (tmp_path / "cases").write_text(json.dumps(case) + "\n", encoding="utf-8")
    details = Details()
    await examine(given, details=details, transport=httpx.MockTransport(Service()))
    [kept] = details.kept()
    assert (kept["name"], kept["expected"]) == ("long", {"at": "/risk", "min": 5})
    assert kept["request"]["bytes"] > 100_000
    assert kept["request"]["cut"].startswith('{"age":20,"text":"xxx')
    assert len(kept["request"]["cut"]) == LONGEST_PART


YOUNG: Any = CASES[0]
LACKING = {"status": 200, "body": {"score": 0.2}}
NOT_TOLD = {"status": 500, "body": {"error": "age is missing"}}
NO_NUMBER = {"status": 200}


@pytest.mark.parametrize(
    ("change", "gate", "request_", "expected", "got"),
    [
        ({"field": "score"}, "edgeCases", {"age": 20}, YOUNG["expect"], LACKING),
        ({"bad_input": 500}, "edgeCases", {}, {"status": 400}, NOT_TOLD),
        ({"bad_input": 500}, "interface", [], {"status": 400}, NOT_TOLD),
        ({"not_a_number": 30}, "slices", {"age": 30, "sex": 0}, {"label": 0.3}, NO_NUMBER),
        ({"lost": 20}, "edgeCases", {"age": 20}, YOUNG["expect"], {"status": None}),
    ],
)
async def test_what_was_missed_is_kept_with_what_was_asked_expected_and_got(
    tmp_path: Path, change: dict[str, Any], gate: str, request_: Any, expected: Any, got: dict[str, Any]
) -> None:
    details = Details()
    await examine(plan(tmp_path, deterministic=False), details=details, transport=answering(Service(**change)))
    found = next(each for each in details.kept() if each["gate"] == gate and each["request"] == request_)
    assert found["expected"] == expected
    assert found["got"]["status"] == got["status"]
    assert found["got"].get("body") == got.get("body")
    assert ("flaw" in found["got"]) == (gate == "slices" or got["status"] is None)


async def test_of_a_figure_that_is_missed_the_rows_that_count_most_against_it_are_kept(tmp_path: Path) -> None:
    gates = [{"field": "sex", "metric": "mae", "max": 0.1, "maxGap": 0.1}]
    details = Details()
    given = plan(tmp_path, slices={"rows": [{"configMap": "rows"}], "answer": "/risk", "gates": gates})
    await examine(given, details=details, transport=answering(Service(bias=0.5)))
    kept = [each for each in details.kept() if each["gate"] == "slices"]
    behind = [each for each in kept if "mae of sex 1" in each["why"]]
    assert len(behind) == WORST_OF_A_GROUP
    assert {each["request"]["sex"] for each in behind} == {1}
    for each in behind:
        assert each["got"]["body"]["risk"] == pytest.approx(each["expected"]["label"] + 0.5)
    assert not [each for each in kept if each["why"] == "one of those that count against mae of sex 0"], "it is met"


@pytest.mark.parametrize(("metric", "age"), [("recall", 60), ("precision", 40), ("accuracy", 40), ("f1", 40)], ids=str)
async def test_what_counts_against_a_share_is_what_it_is_a_share_of(tmp_path: Path, metric: str, age: int) -> None:
    """It says positive for whoever is below 0.5, and everybody at or above that is."""
    rows = [{"request": {"age": age}, "label": age >= 50} for age in (40, 60) * 40]
    gates = [{"metric": metric, "min": 0.9}]
    given = plan(
        tmp_path, slices={"rows": [{"configMap": "rows"}], "answer": "/risk", "threshold": 0.5, "gates": gates}
    )
    (tmp_path / "rows").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    details = Details()
    await examine(given, details=details, transport=httpx.MockTransport(_the_other_way_round))
    kept = [each for each in details.kept() if each["gate"] == "slices"]
    assert kept[0]["request"] == {"age": age}
    assert kept[0]["why"] == f"one of those that count against {metric} of all rows"


def _the_other_way_round(request: httpx.Request) -> httpx.Response:
    answer = Service()(request)
    if request.url.path != "/predict" or answer.status_code != 200:
        return answer
    return httpx.Response(200, json={"risk": 1 - answer.json()["risk"]})


async def test_answers_most_unlike_stables_are_kept_beside_what_stable_answered(tmp_path: Path) -> None:
    details = Details()
    given = plan(tmp_path, slices={"rows": [{"configMap": "rows"}], **SLICES}, compare={"maxChanged": "5%"})
    await examine(given, details=details, transport=answering(Service(bias=0.5)))
    kept = [each for each in details.kept() if each["gate"] == "compare"]
    assert len(kept) == MOST_NAMED
    for each in kept:
        assert each["got"]["body"]["risk"] == pytest.approx(each["expected"]["body"]["risk"] + 0.5)


async def test_a_version_that_passes_leaves_nothing(tmp_path: Path) -> None:
    details = Details()
    given = plan(tmp_path, compare={"maxChanged": "5%"})
    assert (await examine(given, details=details, transport=answering(Service()))).passed
    assert details.taken == 0


async def test_an_answer_that_was_another_one_again_is_kept_beside_the_first(tmp_path: Path) -> None:
    details = Details()
    await examine(plan(tmp_path), details=details, transport=answering(Service(workers=True)))
    kept = next(each for each in details.kept() if each["gate"] == "deterministic")
    assert kept["expected"]["body"] != kept["got"]["body"]


def answering(candidate: Service) -> httpx.MockTransport:
    return httpx.MockTransport(
        lambda request: candidate(request) if request.url.host == "candidate" else Service()(request)
    )


async def test_a_version_that_hangs_is_to_blame_when_time_is_over(tmp_path: Path) -> None:
    """No case is a must, and so many are to come that the declared share could still be met."""

    def hang(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/predict":
            raise httpx.ReadTimeout("hangs")
        return Service()(request)

    given = plan(tmp_path, slices=None, limits={"rate": 10_000, "duration": "100ms"})
    cases = "".join(json.dumps({"name": f"case {number}", "request": {"age": 20}}) + "\n" for number in range(20_000))
    (tmp_path / "cases").write_text(cases, encoding="utf-8")
    report = await examine(given, transport=httpx.MockTransport(hang))
    assert not report.passed
    assert "had no complete answer within 10s" in report.gates["interface"].words()


async def test_too_little_time_is_no_verdict(tmp_path: Path) -> None:
    given = plan(tmp_path, limits={"rate": 1, "duration": "100ms"})
    with pytest.raises(Unfinished, match="not done within 100ms"):
        await examined(given, Service())
