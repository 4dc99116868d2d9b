"""What the machine must have for a cluster without Docker."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from dev.cluster.commands import run
from dev.cluster.errors import ClusterError
from dev.cluster.progress import Progress

# A program (or a file) that is needed, and the Debian package that it comes with.
_NEEDED: Mapping[str, str] = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "mount": "mount",
    "openssl": "openssl",
    "ldd": "libc-bin",
}


def missing_packages(needed: Mapping[str, str] = _NEEDED) -> list[str]:
    """The Debian packages that have to be installed first."""
    return sorted({package for what, package in needed.items() if not _present(what)})


def prepare_machine(progress: Progress) -> None:
    """Check that this machine can carry the cluster, and install the Debian packages that are missing.

    Raises ClusterError, naming everything that is wrong at once, before anything was changed.
    """
    problems = []
    if sys.platform != "linux":
        problems.append("this is not Linux")
    elif os.geteuid() != 0:
        problems.append("this is not root (network namespaces, mounts and cgroups are needed)")
    packages = missing_packages()
    if packages and not shutil.which("apt-get"):
        problems.append(f"these programs' packages are missing, and there is no apt-get: {' '.join(packages)}")
    if problems:
        raise ClusterError(
            f"A cluster without kind and Docker cannot be made here: {'; '.join(problems)}.\n"
            "Install kind and start a Docker daemon, or use Linux as root"
            + (f" (Debian packages that will be installed: {' '.join(packages)})." if packages else ".")
        )
    if packages:
        with progress.step(f"installing Debian packages: {' '.join(packages)}"):
            _install(packages)


def _install(packages: list[str]) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "-q", "update"], doing="reading Debian's package lists", env=env)
    words = ["apt-get", "-q", "install", "--yes", "--no-install-recommends", *packages]
    run(words, doing="installing Debian packages", env=env, timeout=1800)


def _present(what: str) -> bool:
    return Path(what).exists() if what.startswith("/") else shutil.which(what) is not None
