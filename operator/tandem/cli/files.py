"""Reading a ModelDeployment from a file, and saying in which line it is not in order."""

import math
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel, ValidationError

from tandem.api.objects import ModelDeployment
from tandem.api.spec import ModelDeploymentSpec
from tandem.api.values import DURATION_PATTERN, PERCENT_PATTERN

LARGEST: Final = 4 * 1024 * 1024
"""Characters of a file that are read; the API server takes no object of more than 1.5 MB."""

MOST_VALUES: Final = 100_000
"""Values in a file with its aliases written out: a few lines of them can stand for billions."""

MOST_FINDINGS: Final = 20
STDIN: Final = "-"

HINTS: Final = {
    DURATION_PATTERN: "a duration needs a number and a unit (ms, s, m, h or d), such as 150ms or 1h30m",
    PERCENT_PATTERN: "a percentage lies between 0% and 100% and has its sign, such as 99.9%",
}

Where = tuple[str | int, ...]


class InvalidFile(Exception):
    """A file that is not in order. The message has a line for each finding: file, line, field, what to change."""


def read_deployment(path: str, name: str | None = None) -> ModelDeployment:
    """Return the ModelDeployment in a YAML or JSON file (``-``: standard input). Raises `InvalidFile`.

    ``name``: which one, where the file holds several; other objects in it are passed over.
    """
    text = _text(path)
    try:
        nodes = [node for node in yaml.compose_all(text, yaml.SafeLoader) if node is not None]
        if sum(_values(node, {}) for node in nodes) > MOST_VALUES:
            raise InvalidFile(f"{path}: its aliases refer to themselves, or stand for more than anybody would write")
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
        found = [(node, body) for node, body in zip(nodes, documents, strict=True) if _is_deployment(body)]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidFile(f"{path}:{line}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidFile(f"{path}: this is not YAML that can be read: {error}") from error
    names = [str(_part(body, "metadata").get("name")) for _, body in found]
    if name is not None:
        found = [pair for pair, its_name in zip(found, names, strict=True) if its_name == name]
    if not found:
        raise InvalidFile(f"{path}: holds no ModelDeployment{f' named {name}' if name else ''} of tandem.dev/v1alpha1")
    if len(found) > 1:
        raise InvalidFile(f"{path}: holds several ModelDeployments; choose one with --name: {', '.join(names)}")
    return _parsed(path, *found[0])


def read_documents(path: str) -> list[Any]:
    """Return every object in a YAML file, whatever it is. Raises `InvalidFile`."""
    text = _text(path)
    try:
        if sum(_values(node, {}) for node in yaml.compose_all(text, yaml.SafeLoader) if node is not None) > MOST_VALUES:
            raise InvalidFile(f"{path}: its aliases refer to themselves, or stand for more than anybody would write")
        return [document for document in yaml.safe_load_all(text) if document is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidFile(f"{path}: this is not YAML that can be read: {error}") from error


def _text(path: str) -> str:
    try:
        if path == STDIN:
            text = sys.stdin.read(LARGEST + 1)
        else:
            with Path(path).open(encoding="utf-8") as file:
                text = file.read(LARGEST + 1)
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{path}: is not text in UTF-8") from error
    if len(text) > LARGEST:
        raise InvalidFile(f"{path}: is larger than any object that the API server takes")
    return text


def _values(node: yaml.Node, known: dict[int, float]) -> float:
    """Return how many values a node stands for with its aliases written out; infinity if it holds itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1.0
    if id(node) not in known:
        known[id(node)] = math.inf
        inner = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        known[id(node)] = 1.0 + sum(_values(part, known) for part in inner)
    return known[id(node)]


def _is_deployment(body: object) -> bool:
    if not isinstance(body, Mapping) or body.get("kind") != "ModelDeployment":
        return False
    return str(body.get("apiVersion", "")).startswith("tandem.dev/")


def _parsed(path: str, node: yaml.Node, body: dict[str, Any]) -> ModelDeployment:
    try:
        findings = list(_unknown(ModelDeploymentSpec, _part(body, "spec"), ("spec",)))
        deployment = _validated(body)
    except RecursionError as error:
        raise InvalidFile(f"{path}: refers to itself, or is nested too deeply") from error
    if isinstance(deployment, ValidationError):
        findings += [(each["loc"], _problem(each)) for each in deployment.errors()]
    elif not findings:
        return deployment
    told = (f"{path}:{_line(node, where)}: {_field(where)}: {what}" for where, what in findings[:MOST_FINDINGS])
    raise InvalidFile("\n".join(told))


def _validated(body: dict[str, Any]) -> ModelDeployment | ValidationError:
    try:
        return ModelDeployment.model_validate({key: body.get(key) for key in ("metadata", "spec")})
    except ValidationError as error:
        return error


def _problem(error: Any) -> str:
    if error["type"] == "string_type":
        return f"{error['input']!r} is not text: put it in quotes, with its unit if it has one"
    pattern = error.get("ctx", {}).get("pattern")
    return f"{error['input']!r}: {HINTS[pattern]}" if pattern in HINTS else str(error["msg"])


def _unknown(model: type[BaseModel], data: Mapping[Any, Any], where: Where) -> Iterator[tuple[Where, str]]:
    """Find fields that the API does not know: the API server would refuse them, and a typing error changes nothing."""
    known = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    for key, value in data.items():
        if key not in known:
            close = get_close_matches(str(key), known, n=1)
            yield (*where, key), "there is no such field" + (f"; did you mean {close[0]}?" if close else "")
            continue
        for inner in _models(known[key]):
            if isinstance(value, Mapping):
                yield from _unknown(inner, value, (*where, key))
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    yield from _unknown(inner, item if isinstance(item, Mapping) else {}, (*where, key, index))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _part(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


def _line(node: yaml.Node, where: Where) -> int:
    """Return the line of a field; of what would hold it, where it is missing."""
    line = node.start_mark.line
    for part in where:
        following = _child(node, part)
        if following is None:
            break
        line, node = following
    return line + 1


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line, value
    return None


def _field(where: Where) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return text.lstrip(".")
