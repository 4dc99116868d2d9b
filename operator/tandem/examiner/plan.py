"""What is to be asked, of whom, with which rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.api.model import Route
from tandem.api.quality import Quality, RowSource


@dataclass(frozen=True)
class RowFiles:
    """A source of rows, and the files that it is on this machine."""

    label: str
    """What people call it, such as ``ConfigMap fraud-edge-cases``."""
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Plan:
    """All that an examination needs to know."""

    revision: str
    """Name of the version that is asked; the header of every request says it."""
    quality: Quality
    interface: tuple[Route, ...]
    candidate: tuple[str, ...]
    """Addresses of its pods, such as http://10.0.0.7:3000."""
    stable: tuple[str, ...] = ()
    edge_cases: tuple[RowFiles, ...] = ()
    rows: tuple[RowFiles, ...] = ()


def label_of(source: RowSource) -> str:
    """Return what people call a source of rows."""
    if source.config_map is not None:
        return f"ConfigMap {source.config_map}"
    return f"Secret {source.secret}" if source.secret is not None else f"file {source.path}"


def sources_of(quality: Quality) -> tuple[list[RowSource], list[RowSource]]:
    """Return where the edge cases are kept, and where the labelled rows."""
    cases = quality.edge_cases.rows if quality.edge_cases is not None else []
    return cases, quality.slices.rows if quality.slices is not None else []


def read_plan(text: str, folder: Path, candidate: tuple[str, ...], stable: tuple[str, ...]) -> Plan:
    """Return the plan that a pod was given: rows lie below ``folder``, a folder for each source."""
    given: Mapping[str, Any] = json.loads(text)
    quality = Quality.model_validate(given["quality"])
    cases, rows = sources_of(quality)
    return Plan(
        revision=given["revision"],
        quality=quality,
        interface=tuple(Route.model_validate(route) for route in given["interface"]),
        candidate=candidate,
        stable=stable,
        edge_cases=tuple(_files(source, folder / f"cases-{index}") for index, source in enumerate(cases)),
        rows=tuple(_files(source, folder / f"rows-{index}") for index, source in enumerate(rows)),
    )


def _files(source: RowSource, folder: Path) -> RowFiles:
    # Kubernetes' own entries of a mounted volume begin with two dots; the keys are links beside them.
    found = sorted(path for path in folder.glob("*") if path.is_file() and not path.name.startswith(".."))
    return RowFiles(label_of(source), tuple(found))
