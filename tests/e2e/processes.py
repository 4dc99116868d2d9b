"""Processes of pods, as the machine that the node runs on sees them: to end them as a machine or a kernel would."""

import os
import signal
from pathlib import Path

from dev.kube.client import Object


def processes_of(*groups: str) -> list[int]:
    """Return the processes that are in a control group with one of these words in its path."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                paths = (process / "cgroup").read_text()
            except OSError:
                continue  # it ended meanwhile
            if any(group in paths for group in groups):
                found.append(int(process.name))
    return found


def kill_container(pod: Object) -> None:
    """SIGKILL everything in a pod's only container, as an out-of-memory kernel does: no signal to get ready on."""
    processes = _processes_in(pod)
    assert processes, f"no process of pod {pod['metadata']['name']} was found on this machine"
    _kill(processes)


def kill_workers(pod: Object) -> None:
    """SIGKILL what answers requests in a pod's only container, as a crash does; not its first process."""
    processes = _processes_in(pod)
    _kill([process for process in processes if _parent(process) in processes])


def _processes_in(pod: Object) -> list[int]:
    [container] = pod["status"]["containerStatuses"]
    return processes_of(container["containerID"].rpartition("/")[2])


def _parent(process: int) -> int | None:
    try:
        return int((Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _kill(processes: list[int]) -> None:
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended meanwhile
