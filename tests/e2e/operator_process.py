"""Killing the operator as a machine that dies would: SIGKILL, no farewell."""

import os
import signal
from pathlib import Path

from dev.kube.client import Kube, until
from dev.kube.stack import OPERATOR_NAMESPACE, operator_is_ready
from tests.e2e.processes import processes_of

_SELECTOR = "app.kubernetes.io/name=tandem,app.kubernetes.io/component=operator"


def kill_operator(kube: Kube) -> str:
    """SIGKILL the operator's process; returns the pod that it was in.

    The dead pod is replaced, not restarted in place: the kubelet would let a container that died several times in a few
    minutes wait longer each time, and the tests kill it more often than any machine would.
    """
    [pod] = kube.list("pods", OPERATOR_NAMESPACE, _SELECTOR)
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    groups = (f"pod{uid}", f"pod{uid.replace('-', '_')}")  # by cgroupfs and by systemd
    killed = [process for process in processes_of(*groups) if _is_operator(process)]
    assert killed, f"no process of pod {name} was found on this machine"
    for process in killed:
        os.kill(process, signal.SIGKILL)
    kube.kubectl("delete", "pod", name, "--namespace", OPERATOR_NAMESPACE, "--force", "--grace-period=0")
    return str(name)


def until_operator_is_back(kube: Kube, killed: str) -> None:
    """Wait until another pod of the operator is ready."""

    def is_back() -> bool:
        pods = [pod["metadata"]["name"] for pod in kube.list("pods", OPERATOR_NAMESPACE, _SELECTOR)]
        return killed not in pods and operator_is_ready(kube)

    until(is_back, 120, "the operator is back")


def _is_operator(process: int) -> bool:
    try:
        return b"tandem.controller" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
