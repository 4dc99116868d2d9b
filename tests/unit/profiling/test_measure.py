"""A bento measured from start to end: one that is well, and those that are not."""

import signal
from pathlib import Path

import pytest

from tandem.api.profile import Profile
from tandem.profiling import Bento, ProfilingFailed, Row, Terms, local_setting, measure, serve, until_ready
from tandem.profiling.load import Span
from tests.unit.profiling.fakes import Fake, interrupted

ROWS = [Row("/predict", b'{"amount": 1}'), Row("/predict", b'{"amount": 2}')]
QUICK = Span(least=0.1, most=1.0, requests=30)


async def measured(fake: Fake, name: str, **changes: float) -> Profile:
    bounds = {"startup": 10.0, "load": 6.0, "answer": 5.0, "shutdown": 5.0, "most_callers": 8} | changes
    terms = Terms(objectives={"p90": 0.2}, level=QUICK, **bounds)  # type: ignore[arg-type]
    async with serve(f"{name}:1", fake.program) as bento:
        return await measure(bento, ROWS, terms, local_setting())


async def test_a_bento_that_is_well(fake: Fake) -> None:
    found = await measured(fake, "one-at-a-time")
    assert found.bento == "one-at-a-time:1" and found.setting.where == "Local"
    assert 0 < found.startup.seconds < 10
    assert 0 < found.memory.idle_bytes <= found.memory.load_bytes
    assert found.threads >= 2
    assert found.routes == ["/predict"]
    # One answer takes 30 ms and one comes after the other: eight callers wait for 240 ms, longer than the objective.
    assert found.load[0].concurrency == 1 and found.load[-1].p90 > 0.2
    assert all(point.p50 <= point.p90 <= point.p95 <= point.p99 for point in found.load)
    assert all(point.requests_per_second <= 1 / 0.03 for point in found.load)
    assert found.shutdown is not None and found.shutdown.exited
    assert found.shutdown.requests_in_progress >= found.shutdown.requests_answered
    assert fake.left_running() == []


async def test_requests_in_progress_that_are_answered_after_sigterm(fake: Fake) -> None:
    found = await measured(fake, "slow")  # it answers after 50 ms, and ends 200 ms after SIGTERM
    end = found.shutdown
    assert end is not None and end.requests_in_progress == end.requests_answered >= 1 and end.seconds >= 0.2


async def test_one_that_ignores_sigterm_is_told_of_and_killed(fake: Fake) -> None:
    found = await measured(fake, "stays", shutdown=0.5, most_callers=1)
    assert found.shutdown is not None and not found.shutdown.exited and found.shutdown.seconds >= 0.5
    assert fake.left_running() == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("hangs", r"row 1 \(/predict\) was not answered within 0.5 s|was not answered within"),
        ("huge", "answered more than 16 MiB"),
        ("garbage", "none of the first 2 rows did well: /predict no HTTP answer"),
        ("refuses", "none of the first 2 rows did well: /predict answered 400"),
        ("dies", "none of the first 2 rows did well"),
        ("ends", "ended before it was ready. Its last lines:\n  KeyError: 'digits'"),
        ("never-ready", "was not ready within 1 s"),
    ],
)
async def test_one_that_is_not_well_is_told_of_and_gone(fake: Fake, name: str, told: str) -> None:
    with pytest.raises(ProfilingFailed, match=told) as failed:
        await measured(fake, name, startup=1.0 if name == "never-ready" else 10.0, answer=0.5)
    assert "secret" not in str(failed.value)
    assert fake.left_running() == []


async def test_without_bentoml_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProfilingFailed, match="cannot run"):
        async with serve("fraud:1", str(tmp_path / "none")):
            pass


async def test_it_is_gone_when_the_block_fails(fake: Fake) -> None:
    async def fail(bento: Bento) -> None:
        await until_ready(bento, 10)
        raise LookupError

    with pytest.raises(LookupError):
        async with serve("good:1", fake.program) as bento:
            await fail(bento)
    assert fake.left_running() == []


async def test_the_tag_of_a_built_bento_is_read_from_its_folder(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "bento.yaml").write_text("name: fraud\nversion: 2.1.0\n")
    async with serve(str(tmp_path / "good"), fake.program) as bento:
        assert bento.tag == "fraud:2.1.0"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_leaves_nothing_running(fake: Fake, tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n")
    words = ["profile", "slow:1", "--rows", "rows.jsonl", "--path", "/predict", "--bentoml", fake.program]
    await interrupted(fake, words, 2, number, tmp_path)
