"""The operator's process, as the container runs it: it answers its probe, and ends when told to."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from dev.cluster.control_plane import ControlPlane
from tests.cluster.controller.running import PATIENCE

pytestmark = pytest.mark.cluster


async def healthy(url: str) -> None:
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def operator(*words: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "PYTHONPATH": "operator"}
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tandem.controller", *words, env=environment)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
async def test_it_answers_its_probe_and_ends_when_told_to(
    plane: ControlPlane, namespace: str, free_port: int, told: signal.Signals
) -> None:
    probe = f"http://127.0.0.1:{free_port}/healthz"
    words = ["--kubeconfig", str(plane.kubeconfig), "--namespace", namespace, "--liveness", probe, "--metrics-port=0"]
    process = await operator(*words)
    try:
        await healthy(probe)
        process.send_signal(told)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_without_a_cluster_it_says_so_and_fails(tmp_path: Path) -> None:
    process = await operator("--kubeconfig", str(tmp_path / "none"))
    async with asyncio.timeout(PATIENCE):
        assert await process.wait() == 1
