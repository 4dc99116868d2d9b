"""From a file and addresses to a report: what `tandem check` does."""

import asyncio
import base64
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from tandem.api.objects import ModelDeployment
from tandem.api.quality import RowSource
from tandem.cli.documents import STDIN, InvalidFile
from tandem.cli.files import read_deployment
from tandem.cli.values import refuse
from tandem.examiner.errors import Unfinished
from tandem.examiner.examination import examine
from tandem.examiner.findings import Detail
from tandem.examiner.plan import Plan, RowFiles, label_of, sources_of
from tandem.quality.report import Report

_KINDS: Final = ("ConfigMap", "Secret")


@dataclass(frozen=True)
class Result:
    """What came of it."""

    revision: str
    report: Report
    details: list[Detail]


def run(file: str, name: str | None, urls: Sequence[str], stable: Sequence[str], rows: Sequence[str]) -> Result:
    """Examine the bento at ``urls``; ends the program with a message where that cannot be done."""
    try:
        deployment = read_deployment(file, name)
    except InvalidFile as error:
        refuse(str(error))
    quality = deployment.spec.quality
    if quality is None:
        refuse(f"{file}: spec.quality is not declared, so there is nothing to ask; see docs/quality.md")
    for url in (*urls, *stable):
        if urlsplit(url).scheme not in ("http", "https"):
            refuse(f"{url!r} is no address: it begins with http://, such as http://localhost:3000")
    with tempfile.TemporaryDirectory(prefix="tandem-check-") as folder:
        files = _Rows(file, rows, Path(folder))
        cases, labelled = sources_of(quality)
        plan = Plan(
            revision=deployment.metadata.name,
            quality=quality,
            interface=_interface(deployment),
            candidate=tuple(url.rstrip("/") for url in urls),
            stable=tuple(url.rstrip("/") for url in stable),
            edge_cases=tuple(files.of(source) for source in cases),
            rows=tuple(files.of(source) for source in labelled),
        )
        details: list[Detail] = []
        try:
            report = asyncio.run(examine(plan, details=details))
        except Unfinished as error:
            refuse(f"no verdict: {error}")
    return Result(deployment.metadata.name, report, details)


def _interface(deployment: ModelDeployment) -> Any:
    return tuple(deployment.spec.model.interface or [])


class _Rows:
    """Where the rows of each source are on this machine."""

    def __init__(self, file: str, given: Sequence[str], folder: Path) -> None:
        self._folder = folder
        self._given: dict[str, Path] = {}
        for each in given:
            name, _, path = each.partition("=")
            if not path or not Path(path).is_file():
                refuse(f"--rows {each}: write NAME=FILE with a file that exists, such as fraud-cases=cases.jsonl")
            self._given[name] = Path(path)
        self._manifests = {} if file == STDIN else _manifests(Path(file))

    def of(self, source: RowSource) -> RowFiles:
        """Return the files of a source; ends the program where nobody says which they are."""
        name = source.config_map or source.secret or source.path or ""
        if name in self._given:
            return RowFiles(label_of(source), (self._given[name],))
        kind = _KINDS[0] if source.config_map else _KINDS[1]
        data = self._manifests.get((kind, name)) if source.path is None else None
        if data is None:
            refuse(f"the rows of {label_of(source)} are not here: name their file with --rows {name}=FILE")
        return RowFiles(label_of(source), tuple(self._written(kind, name, key, data[key]) for key in sorted(data)))

    def _written(self, kind: str, name: str, key: str, content: bytes) -> Path:
        file = self._folder / f"{kind}-{name}-{key}"
        file.write_bytes(content)
        return file


def _manifests(file: Path) -> dict[tuple[str, str], dict[str, bytes]]:
    found = {}
    for body in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        if isinstance(body, Mapping) and body.get("kind") in _KINDS:
            metadata = body.get("metadata") or {}
            found[str(body["kind"]), str(metadata.get("name"))] = _data(body)
    return found


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
