"""The interface: what was declared of routes, against the bento's own OpenAPI document and against live answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tandem.api.model import Route
from tandem.quality.answers import Answer
from tandem.quality.errors import RowInvalid
from tandem.quality.outcome import Finding, Outcome
from tandem.quality.schemas import Schema

_BAD_BODIES: Final[tuple[Any, ...]] = ([], "tandem", {}, 0, None)


class Interface:
    """The declared routes, their schemas ready for use. Raises ``SchemaUnusable``."""

    def __init__(self, routes: Sequence[Route], default: str | None) -> None:
        self._routes = {route.path: route for route in routes}
        only = routes[0].path if len(routes) == 1 else None
        self._default = default or only
        self._requests = _schemas(routes, "request")
        self._responses = _schemas(routes, "response")

    def path(self, given: str | None, name: str) -> str:
        """Return the route that a row is sent to. Raises ``RowInvalid`` where nobody says which."""
        found = given or self._default
        if found is None:
            raise RowInvalid(f"{name}: say which route is asked: quality.path, or a path in the row")
        return found

    def method(self, path: str) -> str:
        """Return the method that a route is called with."""
        return self._routes[path].method if path in self._routes else "POST"

    def problem(self, path: str, answer: Answer) -> str | None:
        """Return what the response's declared schema says against an answer."""
        schema = self._responses.get(path)
        return schema.problem(answer.body) if schema is not None and answer.usable else None

    def bad_requests(self) -> Iterator[tuple[str, Any]]:
        """Return a body for each route that its declared schema forbids."""
        for path, schema in self._requests.items():
            if self.method(path) == "POST":
                body = next((body for body in _BAD_BODIES if schema.problem(body) is not None), _NOTHING)
                if body is not _NOTHING:
                    yield path, body

    def undeclared(self, openapi: Any) -> Iterator[Finding]:
        """Compare with the bento's own document: a route that it does not have is missed by whoever calls it."""
        paths = openapi.get("paths") if isinstance(openapi, Mapping) else None
        for path, route in self._routes.items():
            name = f"{route.method} {path}"
            if not isinstance(paths, Mapping):
                yield Finding(name, Outcome.TOO_FEW, f"{name}: the bento tells no OpenAPI document to compare with")
            elif route.method.lower() not in (paths.get(path) or {}):
                yield Finding(name, Outcome.MISSED, f"{name} is declared, and the bento has no such route")
            else:
                yield Finding(name, Outcome.MET, f"{name} is there")


def bad_request_finding(path: str, answer: Answer) -> Finding:
    """Judge the answer to a request that the interface forbids: the caller is to blame, and is to be told so."""
    name = f"bad input to {path}"
    if answer.status is not None and 400 <= answer.status < 500:
        return Finding(name, Outcome.MET, f"{name} is answered with {answer.status}")
    what = answer.flaw if answer.status is None else f"it is answered with {answer.status}"
    return Finding(name, Outcome.MISSED, f"{name}: {what}, not with 400")


_NOTHING: Final = object()


def _schemas(routes: Sequence[Route], which: str) -> dict[str, Schema]:
    found = {route.path: getattr(route, which) for route in routes}
    return {
        path: Schema(document, f"the declared {which} of {path}")
        for path, document in found.items()
        if document is not None
    }
