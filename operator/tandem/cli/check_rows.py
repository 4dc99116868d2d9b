"""Where the rows of a declaration are on this machine: files that were named, manifests, or a bento's own folder."""

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from tandem.api.quality import RowSource
from tandem.cli.documents import STDIN, read_documents
from tandem.cli.values import refuse
from tandem.examiner.plan import RowFiles, label_of

_KINDS: Final = ("ConfigMap", "Secret")
_BENTO_IN_IMAGE: Final = PurePosixPath("/home/bentoml/bento")


class Rows:
    """Where the rows of each source are on this machine."""

    def __init__(self, file: str, given: Sequence[str], folder: Path, bento: Path | None = None) -> None:
        """Take ``given`` (NAME=FILE) before the manifests in ``file`` and what ``bento``, a built one's folder, holds.

        What comes out of a manifest is written into ``folder``.
        """
        self._folder = folder
        self._bento = bento
        self._given: dict[str, Path] = {}
        for each in given:
            name, _, path = each.partition("=")
            if not path or not Path(path).is_file():
                refuse(f"--rows {each}: write NAME=FILE with a file that exists, such as fraud-cases=cases.jsonl")
            self._given[name] = Path(path)
        self._manifests = {} if file == STDIN else _manifests(file)

    def of(self, source: RowSource) -> RowFiles:
        """Return the files of a source; ends the program where nobody says which they are."""
        name = source.config_map or source.secret or source.path or ""
        if name in self._given:
            return RowFiles(label_of(source), (self._given[name],))
        if source.path is not None and (inside := self._in_bento(source.path)) is not None:
            return RowFiles(label_of(source), (inside,))
        kind = _KINDS[0] if source.config_map else _KINDS[1]
        data = self._manifests.get((kind, name)) if source.path is None else None
        if data is None:
            refuse(f"the rows of {label_of(source)} are not here: name their file with --rows {name}=FILE")
        return RowFiles(label_of(source), tuple(self._written(kind, name, key, data[key]) for key in sorted(data)))

    def _in_bento(self, path: str) -> Path | None:
        inside = PurePosixPath(path)
        if self._bento is None or not inside.is_relative_to(_BENTO_IN_IMAGE) or ".." in inside.parts:
            return None
        found = self._bento / inside.relative_to(_BENTO_IN_IMAGE)
        return found if found.is_file() else None

    def _written(self, kind: str, name: str, key: str, content: bytes) -> Path:
        file = self._folder / f"{kind}-{name}-{key}"
        file.write_bytes(content)
        return file


def built_folder(bento: str | None) -> Path | None:
    """Return the folder of a built bento, given that or the tag that BentoML's store has it under; None if neither."""
    if bento is None:
        return None
    if (Path(bento) / "bento.yaml").is_file():
        return Path(bento)
    name, _, version = bento.partition(":")
    store = Path(os.environ.get("BENTOML_HOME") or Path.home() / "bentoml") / "bentos" / name
    try:
        # The store keeps in a file of that name which version is the latest.
        version = (store / "latest").read_text(encoding="utf-8").strip() if version in ("", "latest") else version
    except OSError:
        return None
    folder = store / version
    return folder if version and (folder / "bento.yaml").is_file() else None


def _manifests(file: str) -> dict[tuple[str, str], dict[str, bytes]]:
    return {(each.kind, each.name): _data(each.body) for each in read_documents(file) if each.kind in _KINDS}


def _data(body: Mapping[str, Any]) -> dict[str, bytes]:
    plain = {**(body.get("stringData") or {})}
    encoded = body.get("data") or {}
    if body["kind"] == "ConfigMap":
        return {str(key): str(value).encode() for key, value in encoded.items()}
    try:
        decoded = {str(key): base64.b64decode(str(value), validate=True) for key, value in encoded.items()}
    except ValueError:
        refuse("a Secret's data are in base64; write them as stringData otherwise")
    return {**decoded, **{str(key): str(value).encode() for key, value in plain.items()}}
