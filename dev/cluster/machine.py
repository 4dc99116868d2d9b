"""What the machine must have for a cluster without Docker."""

import os
import sys
from collections.abc import Mapping

from dev.cluster.errors import ClusterError
from dev.cluster.progress import Progress
from dev.packages import PackagesMissing, install_packages, missing_packages, obstacles

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


def prepare_machine(progress: Progress) -> None:
    """Check that this machine can carry the cluster, and install the Debian packages that are missing.

    Raises ClusterError, naming everything that is wrong at once, before anything was changed.
    """
    problems = []
    if sys.platform != "linux":
        problems.append("this is not Linux")
    elif os.geteuid() != 0:
        problems.append("this is not root (network namespaces, mounts and cgroups are needed)")
    packages = missing_packages(_NEEDED)
    problems = problems or obstacles(packages)
    if problems:
        raise ClusterError(
            f"A cluster without kind and Docker cannot be made here: {'; '.join(problems)}.\n"
            "Install kind and start a Docker daemon, or use Linux as root"
            + (f" (Debian packages that will be installed: {' '.join(packages)})." if packages else ".")
        )
    try:
        install_packages(packages, progress.step)
    except PackagesMissing as error:
        raise ClusterError(str(error)) from error
