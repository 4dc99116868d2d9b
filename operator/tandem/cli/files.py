"""Reading a ModelDeployment from a file, and saying in which line it is not in order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from tandem.api.objects import ModelDeployment
from tandem.api.spec import ModelDeploymentSpec
from tandem.api.values import DURATION_PATTERN, PERCENT_PATTERN
from tandem.cli.documents import Document, InvalidFile, Where, read_documents

MOST_FINDINGS: Final = 20

DRAFTED_PROFILE: Final = "profile.yaml"
"""The file beside the model's in which `tandem init` writes what it measured."""

HINTS: Final = {
    DURATION_PATTERN: "a duration needs a number and a unit (ms, s, m, h or d), such as 150ms or 1h30m",
    PERCENT_PATTERN: "a percentage lies between 0% and 100% and has its sign, such as 99.9%",
}


def read_deployment(path: str, name: str | None = None) -> ModelDeployment:
    """Return the ModelDeployment in a YAML or JSON file (``-``: standard input). Raises `InvalidFile`.

    ``name``: which one, where the file holds several; other objects in it are passed over.
    """
    found = [document for document in read_documents(path) if document.is_deployment]
    names = [document.name for document in found]
    if name is not None:
        found = [document for document, its_name in zip(found, names, strict=True) if its_name == name]
    if not found:
        raise InvalidFile(f"{path}: holds no ModelDeployment{f' named {name}' if name else ''} of tandem.dev/v1alpha1")
    if len(found) > 1:
        raise InvalidFile(f"{path}: holds several ModelDeployments; choose one with --name: {', '.join(names)}")
    deployment, problems = parsed(found[0])
    if deployment is None:
        raise InvalidFile("\n".join(str(problem) for problem in problems))
    return deployment


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a document that the API server would refuse."""

    path: str
    line: int
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.field}: {self.what}"


def parsed(document: Document) -> tuple[ModelDeployment | None, list[Problem]]:
    """Return the ModelDeployment in a document, or what is wrong with it."""
    try:
        findings = list(_unknown(ModelDeploymentSpec, document.part("spec"), ("spec",)))
        deployment = _validated(document.body)
    except RecursionError:
        return None, [Problem(document.path, document.line(), "spec", "is nested too deeply")]
    if isinstance(deployment, ValidationError):
        findings += [(each["loc"], _problem(each)) for each in deployment.errors()]
    elif not findings:
        return deployment, []
    return None, [
        Problem(document.path, document.line(where), _field(where), what) for where, what in findings[:MOST_FINDINGS]
    ]


def _validated(body: Mapping[str, Any]) -> ModelDeployment | ValidationError:
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


def _field(where: Where) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return text.lstrip(".")
