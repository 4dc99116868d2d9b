"""What a cluster could leave on the machine outside its own folders, and taking it away."""

import json
from collections.abc import Sequence
from pathlib import Path

from dev.cluster import kubeconfig
from dev.cluster.commands import run, succeeds
from dev.cluster.settings import made_folders_file


def remember_made_folders(paths: Sequence[str]) -> None:
    """Note which of the folders do not exist on this machine and are about to be made."""
    file = made_folders_file()
    known = json.loads(file.read_text()) if file.exists() else []
    missing = [path for path in paths if not Path(path).exists()]
    kubeconfig.write(file, json.dumps(sorted({*known, *missing})))


def remove_made_folders() -> None:
    """Remove the folders that were made, where they are still empty.

    Only when no cluster is left: removing a folder would take away what another one has mounted over it.
    """
    file = made_folders_file()
    for path in json.loads(file.read_text()) if file.exists() else []:
        remove_if_empty(Path(path))
    file.unlink(missing_ok=True)


def remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def unmount_below(folder: Path) -> None:
    """Nothing of the cluster is mounted outside its namespaces; should it be, files must not be removed through it."""
    mounted = [line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for path in sorted((path for path in mounted if Path(path).is_relative_to(folder)), reverse=True):
        if not succeeds(["umount", path]):
            run(["umount", "--lazy", path], doing=f"unmounting {path}")
