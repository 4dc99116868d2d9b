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
    [container] = pod["status"]["containerStatuses"]
    processes = processes_of(container["containerID"].rpartition("/")[2])
    assert processes, f"no process of pod {pod['metadata']['name']} was found on this machine"
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it went with the container's first process
