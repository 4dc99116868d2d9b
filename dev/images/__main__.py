"""Build the images and bring them into the cluster.

python -m dev.images build [bentos | operator]
python -m dev.images load
"""

import argparse
import sys

from dev.cluster.__main__ import main as cluster
from dev.cluster.progress import Progress
from dev.images.build import GROUPS, build
from dev.images.cache import cache_folder
from dev.images.command import ImageBuildError


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.images", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build what changed, and print the archives").add_argument(
        "names", nargs="*", choices=[*GROUPS, []], help=f"what to build (all): {', '.join(GROUPS)}"
    )
    commands.add_parser("load", help="build what changed, and bring everything into the cluster")
    arguments = parser.parse_args()
    progress = Progress()
    try:
        archives = build(cache_folder(), progress, getattr(arguments, "names", None) or list(GROUPS))
    except ImageBuildError as error:
        progress.console.print(str(error), style="red", markup=False)
        return 1
    if arguments.command == "load":
        return cluster(["load", *sorted({str(archive) for archive in archives.values()})])
    for name, archive in archives.items():
        print(f"{name}\t{archive}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
