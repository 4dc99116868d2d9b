"""Control groups of the cluster's own: what is in them is the cluster's, whatever it is called."""

import os
import signal
import time
from pathlib import Path

from dev.cluster.errors import ClusterError

_MOUNTS = Path("/proc/self/mounts")
_SYSTEM = "system"
# Twenty times what any other process has: models are judged by their latency, which a build beside them must not spoil.
_CPU_SHARES = {"cpu.shares": "20480", "cpu.weight": "2000"}
_UNIFIED_CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids")


def roots(mounts: str) -> tuple[list[Path], list[Path]]:
    """The mounted hierarchies, read off /proc/self/mounts: of version 1, and the unified one of version 2.

    A machine may have both ("hybrid"); then version 1 is the one in use, but runc makes its groups in the other too.
    """
    entries = [line.split(" ") for line in mounts.splitlines()]
    first = [Path(entry[1]) for entry in entries if entry[2] == "cgroup"]
    second = [Path(entry[1]) for entry in entries if entry[2] == "cgroup2"]
    return first, second[:1]


class Cgroups:
    """The groups of one cluster: ``tandem-NAME`` in every hierarchy, in it one for each node and one for the rest."""

    def __init__(self, cluster_name: str) -> None:
        self.name = f"tandem-{cluster_name}"
        first, second = roots(_MOUNTS.read_text())
        self._all = first + second
        self._roots = first or second
        self._unified = not first

    def make(self, node_names: list[str]) -> None:
        """Have all groups: kubelet does not make its root, and a cpuset group without processors takes no process."""
        for root in self._roots:
            self._make_group(root, root / self.name)
            self._prefer(root / self.name)
            for child in (_SYSTEM, *node_names):
                self._make_group(root / self.name, root / self.name / child)

    def for_node(self, node_name: str) -> str:
        """What kubelet calls the group of a node."""
        return f"/{self.name}/{node_name}"

    def launcher(self) -> list[str]:
        """Put before a command line: runs it in the cluster's group for everything that is not in a pod."""
        files = [str(path / self.name / _SYSTEM / "cgroup.procs") for path in self._tracking_roots()]
        return ["/bin/sh", "-c", 'echo $$ > "$1"; shift; exec "$@"', "tandem", *files]

    def processes(self) -> set[int]:
        """Every process of the cluster, in pods or not."""
        found: set[int] = set()
        for root in self._all:
            for file in (root / self.name).rglob("cgroup.procs"):
                try:
                    found |= {int(line) for line in file.read_text().split()}
                except OSError:
                    continue  # the group was removed meanwhile
        return found - {0}

    def clear(self, deadline: float = 30.0) -> None:
        """End every process of the cluster and remove the groups, within `deadline` seconds. Raises ClusterError."""
        until = time.monotonic() + deadline
        while remaining := self.processes():
            if time.monotonic() > until:
                raise ClusterError(f"these processes of {self.name} cannot be ended: {sorted(remaining)}")
            for pid in remaining:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, os.WNOHANG)
                except (ProcessLookupError, ChildProcessError):
                    continue
            time.sleep(0.05)
        for root in self._all:
            top = root / self.name
            for group in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                group.rmdir()
            if top.exists():
                top.rmdir()

    def _tracking_roots(self) -> list[Path]:
        # One hierarchy is enough to know our own, and `pids` limits nothing unless it is told to.
        return [next((root for root in self._roots if root.name == "pids"), self._roots[0])]

    def _prefer(self, group: Path) -> None:
        for name, value in _CPU_SHARES.items():
            if (group / name).exists():
                (group / name).write_text(value)

    def _make_group(self, parent: Path, group: Path) -> None:
        if self._unified:
            have = (parent / "cgroup.controllers").read_text().split()
            wanted = " ".join(f"+{name}" for name in _UNIFIED_CONTROLLERS if name in have)
            if (parent / "cgroup.subtree_control").exists() and wanted:
                (parent / "cgroup.subtree_control").write_text(wanted)
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if not self._unified and (group / name).exists():
                (group / name).write_text((parent / name).read_text())
