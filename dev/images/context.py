"""What a bento's image holds besides its packages: run as a program, because bentoml is imported.

    python -m dev.images.context digits:first FOLDER

writes to FOLDER the very tree that ``bentoml containerize`` copies to ``/home/bentoml/bento``: bento and models.
"""

import shutil
import sys
from pathlib import Path

import bentoml
from bentoml._internal.container import construct_containerfile


def main(tag: str, folder: str) -> None:
    """Write the tree of bento `tag` to `folder`, which must not exist."""
    with construct_containerfile(bentoml.get(tag), enable_buildkit=False) as (tree, _dockerfile):
        shutil.copytree(tree, folder)
    (Path(folder) / "env/docker/entrypoint.sh").chmod(0o755)  # containerize does this in a later step


if __name__ == "__main__":
    main(*sys.argv[1:])
