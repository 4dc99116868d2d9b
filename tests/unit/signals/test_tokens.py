"""Tokens: sent to whom they are for and to nobody else, read again when they change, and never told."""

import logging
from pathlib import Path

import pytest

from tandem.api.sources import PrometheusSource
from tandem.signals import PodTarget, Unreadable
from tandem.signals.prometheus import PrometheusClient, PrometheusScraper
from tandem.signals.tokens import TokenFile
from tests.unit.signals.prometheus_server import Server, matrix, replying, serving

TOKEN, OTHER = "eyJhbGciOi.secret-one_x", "eyJhbGciOi.secret-two_y"
POD = PodTarget("demo", "a", "uid", 0, "digits-r1", "10.0.0.1")


def written(path: Path, text: str) -> Path:
    """Replace the file as the kubelet does, at once: another one takes its name."""
    new = path.with_suffix(".new")
    new.write_text(text)
    return new.replace(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "tokens.yaml", f"https://prometheus.example.com/one: {TOKEN}\n")


async def asked(server: Server, address: str, tokens: TokenFile) -> Unreadable | None:
    """Ask for a pod's counters; return why there are none."""
    server.heads.clear()
    async with PrometheusClient(tokens=tokens) as client:
        answers = await PrometheusScraper(client, PrometheusSource(address=address)).scrape([POD])
    return next((answer for answer in answers if isinstance(answer, Unreadable)), None)


def sent(server: Server) -> list[str]:
    (head,) = server.heads
    return [line for line in head.split("\r\n") if line.lower().startswith("authorization:")]


async def test_a_token_goes_to_exactly_its_address(tmp_path: Path) -> None:
    async with serving(replying(matrix())) as server, serving(replying(matrix())) as other:
        tokens = TokenFile(written(tmp_path / "tokens.yaml", f"{server.url}/one/: {TOKEN}\n"))
        for address, expected in (
            (f"{server.url}/one", [f"Authorization: Bearer {TOKEN}"]),
            (f"{server.url}/one/", [f"Authorization: Bearer {TOKEN}"]),
            (f"{server.url}/one/two", []),
            (server.url, []),
        ):
            await asked(server, address, tokens)
            assert sent(server) == expected, address
        await asked(other, f"{other.url}/one", tokens)
        assert sent(other) == []


async def test_a_redirect_gets_no_token(tmp_path: Path) -> None:
    async with serving(replying(matrix())) as elsewhere:
        answer = replying(b"", "307 Temporary Redirect", more=f"Location: {elsewhere.url}\r\n")
        async with serving(answer) as server:
            tokens = TokenFile(written(tmp_path / "tokens.yaml", f"{server.url}: {TOKEN}\n"))
            await asked(server, server.url, tokens)
            assert len(sent(server)) == 1
            assert elsewhere.heads == []


async def test_one_that_is_not_accepted_is_told_without_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(replying(b"no", "401 Unauthorized")) as server:
        tokens = TokenFile(written(tmp_path / "tokens.yaml", f"{server.url}: {TOKEN}\n"))
        answer = await asked(server, server.url, tokens)
    assert answer is not None
    assert answer.message.endswith("HTTP 401: it does not accept the token that the operator has for it")
    assert TOKEN not in answer.message + caplog.text


def test_a_token_that_is_replaced_counts_at_once(file: Path) -> None:
    tokens = TokenFile(file)
    assert tokens.token("https://prometheus.example.com/one") == TOKEN
    written(file, f"https://prometheus.example.com/one: '{OTHER}'\nhttps://b.example.com: {TOKEN}==\n")
    assert tokens.token("https://prometheus.example.com/one/") == OTHER
    assert tokens.token("https://b.example.com") == f"{TOKEN}=="
    written(file, "")
    assert tokens.token("https://prometheus.example.com/one") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"https://p: {TOKEN}: {OTHER}\n", "it is not YAML (line 1)"),
        (f"https://p: [{TOKEN}\n", "it is not YAML (line 2)"),
        (TOKEN, "it is no mapping from address to token"),
        (f"prometheus.example.com: {TOKEN}\n", "entry 1 is for no address"),
        (f"https://p: {TOKEN}\nhttps://q: [{OTHER}]\n", "entry 2 is no bearer token"),
        (f'https://p: "{TOKEN}\\r\\nX-Scope: other"\n', "entry 1 is no bearer token"),
        ("https://p: 12345\n", "entry 1 is no bearer token"),
    ],
)
def test_a_file_that_is_unfit_is_told_once_and_the_last_good_one_counts(
    file: Path, text: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = TokenFile(file)
    tokens.token("https://prometheus.example.com/one")
    written(file, text)
    for _ in range(3):
        assert tokens.token("https://prometheus.example.com/one") == TOKEN
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert why in warning.getMessage()
    assert not [secret for secret in (TOKEN, OTHER) if secret in caplog.text]


def test_a_file_that_is_gone_is_told_and_taken_up_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    tokens = TokenFile(file)
    tokens.token("https://prometheus.example.com/one")
    file.unlink()
    assert tokens.token("https://prometheus.example.com/one") == TOKEN
    assert "No such file or directory" in caplog.text
    written(file, f"https://prometheus.example.com/one: {OTHER}\n")
    assert tokens.token("https://prometheus.example.com/one") == OTHER


def test_a_file_that_never_was_gives_no_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert TokenFile(tmp_path / "none.yaml").token("https://p") is None
    assert "cannot be read" in caplog.text
