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
    parser = argparse.ArgumentParser(
        prog="python -m dev.images", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build_command = commands.add_parser("build", help="build what changed, and print the archives")
    build_command.add_argument("names", nargs="*", metavar="NAME", help=f"what to build (all): {' or '.join(GROUPS)}")
    commands.add_parser("load", help="build what changed, and bring everything into the cluster")
    arguments = parser.parse_args()
    names = getattr(arguments, "names", None) or GROUPS
    if unknown := set(names) - set(GROUPS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {' and '.join(GROUPS)}")
    progress = Progress()
    try:
        archives = build(cache_folder(), progress, names)
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
