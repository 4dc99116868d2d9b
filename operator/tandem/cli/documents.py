"""Reading the documents of a YAML or JSON file, bounded: others wrote it, and a few lines can stand for billions."""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.constructor import SafeConstructor

LARGEST: Final = 32 * 1024 * 1024
"""Characters of a file that are read: the output of Helm or kustomize for some thousands of models."""

MOST_VALUES: Final = 100_000
"""Values in a document with its aliases written out; the API server takes no object of more than 1.5 MB."""

DEEPEST: Final = 100
"""Levels of nesting: each is a call, and libyaml's calls are counted by nobody."""

STDIN: Final = "-"

Where = tuple[str | int, ...]

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class InvalidFile(Exception):
    """A file that is not in order. The message has a line for each finding: file, line, field, what to change."""


class _Constructor(SafeConstructor):
    """Makes values of nodes as Kubernetes does: a date is text."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_yaml_str)  # type: ignore[type-var]


@dataclass(frozen=True, slots=True)
class Document:
    """An object in a file, and where in it each field stands."""

    path: str
    node: yaml.Node
    body: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.body.get("kind", ""))

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.part("metadata").get("name"))

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str(self.part("metadata").get("namespace") or "default")

    @property
    def is_deployment(self) -> bool:
        """Whether it is a ModelDeployment."""
        return self.kind == "ModelDeployment" and str(self.body.get("apiVersion", "")).startswith("tandem.dev/")

    def part(self, key: str) -> Mapping[str, Any]:
        """Return a part of it that is a map; an empty one where it is not."""
        value = self.body.get(key)
        return value if isinstance(value, Mapping) else {}

    def line(self, where: Where = ()) -> int:
        """Return the line of a field; of what would hold it, where it is missing."""
        node, line = self.node, self.node.start_mark.line
        for part in where:
            following = _child(node, part)
            if following is None:
                break
            line, node = following
        return line + 1


def read_documents(path: str) -> list[Document]:
    """Return the objects in a YAML or JSON file (``-``: standard input), those of lists too. Raises `InvalidFile`."""
    return parse_documents(path, _text(path))


def read_deployments(paths: Iterable[str]) -> Iterator[Document]:
    """Yield the ModelDeployments in files. Raises `InvalidFile`."""
    return (document for path in paths for document in read_documents(path) if document.is_deployment)


def parse_documents(path: str, text: str) -> list[Document]:
    """Return the objects in a text; ``path`` is what it is called in messages. Raises `InvalidFile`."""
    if len(text) > LARGEST:
        raise InvalidFile(f"{path}: has more than {LARGEST // 2**20} million characters; give it in parts")
    try:
        _check_depth(path, text)
        return [document for node in yaml.compose_all(text, _LOADER) for document in _documents(path, node)]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidFile(f"{path}:{line}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidFile(f"{path}: this is not YAML that can be read: {error}") from error


def _text(path: str) -> str:
    try:
        if path == STDIN:
            return sys.stdin.read(LARGEST + 1)
        with Path(path).open(encoding="utf-8") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{path}: is not text in UTF-8") from error


def _check_depth(path: str, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise InvalidFile(f"{path}:{line}: is nested more than {DEEPEST} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _documents(path: str, node: yaml.Node | None) -> Iterator[Document]:
    items = _items(node) if isinstance(node, yaml.MappingNode) else None
    for each in [node] if items is None else items:
        if isinstance(each, yaml.MappingNode):
            if _values(each, {}) > MOST_VALUES:
                message = "its aliases refer to themselves, or stand for more than anybody would write"
                raise InvalidFile(f"{path}:{each.start_mark.line + 1}: {message}")
            yield Document(path, each, _Constructor().construct_document(each))


def _items(node: yaml.MappingNode) -> list[yaml.Node] | None:
    """Return the items of a List, as `kubectl get -o yaml` writes it."""
    kind, items = _child(node, "kind"), _child(node, "items")
    if kind is None or items is None or not str(kind[1].value).endswith("List"):
        return None
    return list(items[1].value) if isinstance(items[1], yaml.SequenceNode) else None


def _values(node: yaml.Node, known: dict[int, float]) -> float:
    """Return how many values a node stands for with its aliases written out; infinity if it holds itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1.0
    if id(node) not in known:
        known[id(node)] = math.inf
        inner = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        known[id(node)] = 1.0 + sum(_values(part, known) for part in inner)
    return known[id(node)]


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line, value
    return None
