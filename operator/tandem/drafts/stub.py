"""The stub of a model that does not exist yet: a BentoML service that answers as the contract declares."""

import inspect
import json
import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tandem.api.model import Route
from tandem.api.requirements import Latency
from tandem.api.values import duration_seconds
from tandem.drafts import stub_answers
from tandem.drafts.commented import plain_yaml
from tandem.drafts.examples import NoExample, examples
from tandem.drafts.schemas import InvalidSchema

VERSION: Final = "stub"
"""Version of the bento, and tag of its image."""

HEADROOM: Final = 0.8
"""A stub waits this share of an objective: the server and the network need the rest, and it shall keep its contract."""

TIMEOUT_SECONDS: Final = 60
RESERVED: Final = frozenset({"/", "/readyz", "/livez", "/healthz", "/metrics", "/schema.json", "/docs.json"})
_SHARES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_IMPORTED: Final = frozenset({"CONTRACT", "Marked", "Path", "bentoml", "read_contract"})
_ANYTHING: Final[dict[str, Any]] = {}


def stub_files(name: str, service: str, routes: Sequence[Route], latency: Latency | None) -> dict[str, str]:
    """Return the files of a stub bento by name. Raises `InvalidSchema` for a route that it cannot stand in for."""
    for route in routes:
        _check(route)
    if not service.isidentifier() or keyword.iskeyword(service) or service in _IMPORTED:
        raise InvalidSchema(f"{service!r} is no name for the service's class: give another one")
    waits = wait_points(latency)
    contract = {"routes": {route.path: _contract(route, waits) for route in routes}}
    return {
        "service.py": _service(service, [route.path for route in routes]),
        "answers.py": inspect.getsource(stub_answers),
        "contract.json": json.dumps(contract, indent=1, ensure_ascii=False) + "\n",
        "bentofile.yaml": _bentofile(name, service),
    }


def wait_points(latency: Latency | None) -> list[list[float]]:
    """Return the waits as points of (share of requests, seconds): no objective is missed, each is nearly used up."""
    declared = latency.to_dict() if latency is not None else {}
    points = [[0.0, 0.0]]
    for name, share in _SHARES.items():
        if name in declared:
            # Of two objectives the stricter one holds for the smaller share, too.
            later = [
                duration_seconds(declared[each])
                for each in list(_SHARES)[list(_SHARES).index(name) :]
                if each in declared
            ]
            points.append([share, round(min(later) * HEADROOM, 6)])
    return [*points, [1.0, points[-1][1]]]


def class_name(name: str) -> str:
    """Return a class name for a model: ``fraud-scores`` is ``FraudScores``."""
    words = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", name))
    return words if re.match(r"[A-Za-z_]", words) and not keyword.iskeyword(words) else f"Model{words}"


def _check(route: Route) -> None:
    if route.method != "POST":
        raise InvalidSchema(f"{route.path}: a bento's own routes are called by POST")
    if route.path in RESERVED:
        raise InvalidSchema(f"{route.path} is BentoML's own: choose another path, such as /predict")


def _contract(route: Route, waits: list[list[float]]) -> dict[str, Any]:
    if route.response is None:
        raise InvalidSchema(f"{route.path}: its answer has no schema, so there is nothing to answer; declare one")
    try:
        answers = examples(route.response)
    except NoExample as error:
        raise InvalidSchema(f"{route.path}: its answer: {error}") from error
    request: Mapping[str, Any] = route.request if route.request is not None else _ANYTHING
    return {"request": request, "response": route.response, "answers": answers, "waits": waits}


def _service(service: str, paths: Sequence[str]) -> str:
    methods = _method_names(paths)
    if service.startswith("ROUTE_"):
        raise InvalidSchema(f"{service!r} may be the name of a route in the stub: give the class another one")
    types = "\n".join(f"ROUTE_{name.upper()} = CONTRACT[{_quoted(path)}]" for path, name in methods.items())
    bodies = "\n".join(
        _METHOD.format(path=_quoted(path), name=name, route=f"ROUTE_{name.upper()}") for path, name in methods.items()
    )
    return _SERVICE.format(
        service=service, quoted=_quoted(service), timeout=TIMEOUT_SECONDS, types=types, methods=bodies
    )


def _method_names(paths: Sequence[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for path in paths:
        word = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_") or "route"
        word = f"route_{word}" if word[0].isdigit() or keyword.iskeyword(word) else word
        while word in names.values():
            word += "_"
        names[path] = word
    return names


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def _bentofile(name: str, service: str) -> str:
    content = {
        "service": f"service:{service}",
        "name": name,
        "include": ["service.py", "answers.py", "contract.json"],
        "envs": [{"name": "BENTOML_DO_NOT_TRACK", "value": "True"}],
        "python": {"packages": ["jsonschema>=4.23,<5"], "lock_packages": False},
    }
    build = f"# Build from this folder: bentoml build --version {VERSION}\n"
    return build + plain_yaml(content)


_SERVICE: Final = '''\
"""A stub: it answers as contract.json declares, and computes nothing.

Made by `tandem init --design`. The model that replaces it keeps the name of the service and its routes, and is an
ordinary new version.
"""

from pathlib import Path

import bentoml

from answers import Marked, read_contract

CONTRACT = read_contract(Path(__file__).with_name("contract.json"))
{types}


@bentoml.service(name={quoted}, workers=1, traffic={{"timeout": {timeout}}})
class {service}:
    """Stands in for a model that does not exist yet."""
{methods}

{service}.add_asgi_middleware(Marked)
'''

_METHOD: Final = '''
    @bentoml.api(route={path})
    async def {name}(self, body: {route}.request, /) -> {route}.response:
        """Answer as the contract declares."""
        return await {route}.answer(body)
'''
