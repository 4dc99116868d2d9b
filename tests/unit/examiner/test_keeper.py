"""Keeping what was missed, over TLS to a server that answers as the API server does, or does not."""

import asyncio
import base64
import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tandem.examiner import keeper
from tandem.examiner.details import LARGEST_DOCUMENT, MOST_OF_A_GATE, Detail, Details, document
from tandem.examiner.keeper import LONGEST_TROUBLE, NotKept, Place, keep, place_of
from tandem.manifests.missed import CA_FILE, DOCUMENT_KEY, TOKEN_FILE
from tandem.quality.report import Report

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "immutable": True,
    "metadata": {"name": "fraud-r2-quality-1-ab", "namespace": "payments"},
}
ENVIRONMENT = {
    "CASES_SECRET": json.dumps(SECRET),
    "ACCESS_FOLDER": "/tandem/access",
    "POD_UID": "0123456789",
    "KUBERNETES_SERVICE_HOST": "10.96.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
}
ROW = {"iban": "DE00 1234"}


def details(count: int = 1, request: Any = ROW, gate: str = "edgeCases") -> Details:
    found = Details()
    for number in range(count):
        found.take(Detail(gate, f"case {number}", "/risk is above 1", request, {"max": 1}, {"status": 200, "body": 2}))
    return found


DOCUMENT = document("fraud-r2", Report(), details())


class ApiServer:
    """Answers each request with the next of these; the last one again and again."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, dict[str, str], Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.append((head[0], headers, json.loads(body)))
        status, answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status:
            content = json.dumps(answer).encode()
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode())
            writer.write(content)
            await writer.drain()
        else:
            await asyncio.sleep(3600)
        writer.close()


@asynccontextmanager
async def place(server: ApiServer, folder: Path, certificate: Path) -> AsyncIterator[Place]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    copied(certificate, folder / CA_FILE)
    (folder / TOKEN_FILE).write_text("t0ken\n")
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield Place(SECRET, f"https://127.0.0.1:{port}", folder, patience=5.0)
    finally:
        listening.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def another_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("another"))


def copied(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def made(folder: Path) -> Path:
    """Make a key and a certificate of its own for 127.0.0.1, in one file."""
    names = ("-subj", "/CN=api", "-addext", "subjectAltName=IP:127.0.0.1")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    out = ("-keyout", str(folder / "key"), "-out", str(folder / "certificate"))
    subprocess.run(["openssl", "req", "-x509", *key, *names, *out, "-days", "2"], check=True, capture_output=True)
    both = folder / "both"
    both.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return both


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.01)


def status(reason: str, message: str = "") -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "reason": reason, "message": message}


async def test_the_secret_is_made_as_the_operator_wrote_it_down(tmp_path: Path, certificate: Path) -> None:
    server = ApiServer((201, {}))
    async with place(server, tmp_path, certificate) as where:
        assert await keep(where, DOCUMENT) == "fraud-r2-quality-1-ab"
    [(line, headers, body)] = server.got
    assert line.startswith("POST /api/v1/namespaces/payments/secrets ")
    assert headers["authorization"] == "bearer t0ken"
    assert {key: body[key] for key in SECRET} == SECRET
    kept = json.loads(base64.b64decode(body["data"][DOCUMENT_KEY]))
    [case] = kept["cases"]
    assert (kept["revision"], kept["outcome"], case["request"]) == ("fraud-r2", "Passed", ROW)
    assert (case["expected"], case["got"]) == ({"max": 1}, {"status": 200, "body": 2})


@pytest.mark.parametrize(
    "answers",
    [
        [(409, status("AlreadyExists"))],
        [(503, status("ServiceUnavailable")), (201, {})],
        [(429, status("TooManyRequests")), (201, {})],
        [(409, status("Conflict", "the quota was changed meanwhile")), (201, {})],
        [(500, "no object"), (201, {})],
    ],
)
async def test_it_is_kept_when_it_is_there_or_can_be_a_little_later(
    tmp_path: Path, certificate: Path, answers: list[tuple[int, Any]]
) -> None:
    async with place(ApiServer(*answers), tmp_path, certificate) as where:
        assert await keep(where, DOCUMENT)


QUOTA = 'secrets "x" is forbidden: exceeded quota: room, requested: secrets=1, used: secrets=3, limited: secrets=3'
NO_RIGHT = 'secrets is forbidden: User "u" cannot create resource "secrets" in API group "" in the namespace "payments"'


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((403, status("Forbidden", QUOTA)), "exceeded quota: room"),
        ((403, status("Forbidden", NO_RIGHT)), 'cannot create resource "secrets"'),
        ((400, status("BadRequest", 'admission webhook "w" denied it: DE00 1234')), "the API server answered 400"),
        ((422, status("Invalid", "data: DE00 1234")), "422 (Invalid)"),
        ((404, "page not found"), "404"),
    ],
)
async def test_what_is_in_the_way_is_said_without_a_row(
    tmp_path: Path, certificate: Path, answer: tuple[int, Any], says: str
) -> None:
    async with place(ApiServer(answer), tmp_path, certificate) as where:
        with pytest.raises(NotKept) as caught:
            await keep(where, DOCUMENT)
    assert says in str(caught.value)
    assert "DE00" not in str(caught.value)
    assert len(str(caught.value)) <= LONGEST_TROUBLE


@pytest.mark.parametrize("answer", [(0, None), (503, status("ServiceUnavailable"))])
async def test_an_api_server_that_does_not_come_back_is_not_waited_for_for_ever(
    tmp_path: Path, certificate: Path, answer: tuple[int, Any]
) -> None:
    async with place(ApiServer(answer), tmp_path, certificate) as where:
        with pytest.raises(NotKept, match="given up after"):
            await keep(replace(where, patience=0.2), DOCUMENT)


async def test_no_row_goes_to_whom_the_cluster_does_not_vouch_for(
    tmp_path: Path, certificate: Path, another_certificate: Path
) -> None:
    server = ApiServer((201, {}))
    async with place(server, tmp_path, certificate) as where:
        copied(another_certificate, tmp_path / CA_FILE)
        with pytest.raises(NotKept, match="no connection"):
            await keep(replace(where, patience=0.2), DOCUMENT)
    assert server.got == []


@pytest.mark.parametrize(("missing", "says"), [(CA_FILE, "kube-root-ca.crt"), (TOKEN_FILE, "token")])
async def test_a_volume_that_lacks_something_is_named(
    tmp_path: Path, certificate: Path, missing: str, says: str
) -> None:
    async with place(ApiServer((201, {})), tmp_path, certificate) as where:
        (tmp_path / missing).unlink()
        with pytest.raises(NotKept, match=says):
            await keep(where, DOCUMENT)


@pytest.mark.parametrize(
    ("changes", "server"),
    [
        ({}, "https://10.96.0.1:443"),
        ({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}, "https://[fd00::1]:6443"),
    ],
)
def test_the_way_to_the_api_server_is_in_the_environment(changes: dict[str, str], server: str) -> None:
    found = place_of({**ENVIRONMENT, **changes})
    assert found is not None
    assert (found.server, found.access) == (server, Path("/tandem/access"))
    assert found.secret["metadata"]["name"] == "fraud-r2-quality-1-ab-01234567"


def test_a_pod_that_is_to_keep_nothing_or_cannot_knows_it() -> None:
    assert place_of({}) is None
    with pytest.raises(NotKept, match="no right"):
        place_of({"CASES_TROUBLE": "no right"})
    with pytest.raises(NotKept, match="KUBERNETES_SERVICE_HOST"):
        place_of({**ENVIRONMENT, "KUBERNETES_SERVICE_HOST": ""})


def test_no_more_is_kept_than_a_secret_holds_whatever_was_asked() -> None:
    found = Details()
    for gate in ("interface", "edgeCases", "slices", "deterministic"):
        for number in range(1000):
            text = "\ud800\u202e\"'" * 5000
            found.take(Detail(gate, f"case {number}", "why", {"text": text}, {"text": text}, {"body": text}))
    made = document("fraud-r2", Report(), found)
    assert len(made.content) <= LARGEST_DOCUMENT
    kept = json.loads(made.content)
    assert {each["gate"] for each in kept["cases"]} == {"interface", "edgeCases", "slices", "deterministic"}
    assert made.kept + made.left_out == 4000
    assert kept["leftOut"] == made.left_out


def test_a_field_that_every_answer_lacks_leaves_room_for_the_others() -> None:
    found = details(1000, gate="interface")
    found.take(Detail("edgeCases", "the one", "why", {}, {}, {}))
    kept = found.kept()
    assert len(kept) == MOST_OF_A_GATE + 1
    assert kept[-1]["name"] == "the one"
