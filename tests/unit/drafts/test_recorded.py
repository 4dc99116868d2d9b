"""Edge cases and a size from what one run told."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.api.profile import LoadPoint, Memory, Profile, Setting, Startup
from tandem.drafts.recorded import (
    MOST_PARTS,
    case_lines,
    cases_that_fit,
    drafted_cases,
    measured_serving,
    own_interface,
)
from tandem.drafts.schemas import InvalidSchema
from tandem.quality.answers import Answer
from tandem.quality.rows import read_cases

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)),
    max_leaves=20,
)


@given(JSON, JSON)
def test_a_drafted_case_is_met_by_the_answer_that_it_was_made_of(request: Any, answer: Any) -> None:
    lines = case_lines(drafted_cases([("/predict", request, answer)]))
    [case] = read_cases(lines.encode().splitlines(), "cases")
    assert case.request == request and len(case.expected.parts) <= MOST_PARTS
    assert case.expected.problem(Answer(200, answer, None)) is None


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (["a"] * 3, [0, 1, 2]),
        (["a" * 90_000] * 3, [0, 1]),
        (["a" * 300_000, "b", "c"], [1, 2]),
        (["a" * 300_000], []),
        (['"' * 40_000, '"' * 40_000], [0]),
        (["<" * 30_000, "<" * 30_000], [0]),
        (["\u20ac" * 60_000, "\u20ac" * 60_000], [0]),
    ],
    ids=["small", "many", "one-too-large", "none", "quotes", "angles", "wide"],
)
def test_cases_that_kubectl_cannot_apply_are_not_drafted(texts: list[str], kept: list[int]) -> None:
    """It writes the whole object into an annotation, once more as JSON."""
    cases = drafted_cases([("/predict", {"text": text}, {"label": 1}) for text in texts])
    assert cases_that_fit(cases) == [cases[number] for number in kept]


@pytest.mark.parametrize(
    ("megabytes", "startup", "requested", "limit", "deadline"),
    [(100, 2.0, "128Mi", "224Mi", "60s"), (300, 20.0, "384Mi", "608Mi", "120s")],
)
def test_a_pod_gets_more_than_was_measured(
    megabytes: int, startup: float, requested: str, limit: str, deadline: str
) -> None:
    point = LoadPoint(concurrency=1, requests_per_second=1, p50=1, p90=1, p95=1, p99=1, requests=1, errors=0)
    profile = Profile(
        setting=Setting(where="Local", at=datetime(2026, 1, 1, tzinfo=UTC), cpu="2"),
        startup=Startup(seconds=startup),
        memory=Memory(idle_bytes=1, load_bytes=megabytes * 1024 * 1024),
        threads=1,
        load=[point],
    )
    serving = measured_serving(profile)
    assert serving["resources"]["requests"]["memory"] == requested
    assert serving["resources"]["limits"]["memory"] == limit
    assert serving["startup"]["deadline"] == deadline


FILE = {"type": "file", "format": "image"}


@pytest.mark.parametrize(
    "part", [FILE, {"type": "array", "items": FILE}, {"anyOf": [FILE, {"type": "null"}]}], ids=["one", "many", "maybe"]
)
def test_routes_for_files_are_left_out(part: dict[str, Any]) -> None:
    routes = [{"route": "/a", "input": {"properties": {"image": part}}}, {"route": "/b", "input": {}, "output": {}}]
    name, found = own_interface({"name": "Svc", "routes": routes})
    assert name == "Svc" and [route.path for route in found.routes] == ["/b"] and len(found.left_out) == 1


TENSOR = {"type": "tensor", "format": "numpy-array", "dtype": "float64", "shape": [2, 2], "dim": 4}


@pytest.mark.parametrize(
    ("part", "declared"),
    [
        (TENSOR, {"type": "array"}),
        ({"title": "Rows", **TENSOR}, {"title": "Rows", "type": "array"}),
        ({"type": "dataframe", "orient": "records", "columns": ["a"]}, {}),
        ({"anyOf": [TENSOR, {"type": "null"}]}, {"anyOf": [{"type": "array"}, {"type": "null"}]}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"enum": [{"type": "tensor"}]}, {"enum": [{"type": "tensor"}]}),
    ],
)
def test_arrays_and_tables_are_said_in_json_schema(part: dict[str, Any], declared: dict[str, Any]) -> None:
    given = {"type": "object", "properties": {"rows": part, "type": part}}
    _, found = own_interface({"routes": [{"route": "/a", "input": given, "output": part}]})
    [route] = found.routes
    assert route.request == {"type": "object", "properties": {"rows": declared, "type": declared}}
    assert route.response == declared and found.left_out == ()


def test_a_route_whose_schema_cannot_be_used_is_declared_without() -> None:
    routes = [{"route": "/a", "input": {"type": "odd"}, "output": {}}, {"route": "/b", "input": {}, "output": {}}]
    _, found = own_interface({"routes": routes})
    assert [(route.path, route.request) for route in found.routes] == [("/a", None), ("/b", {})]
    [told] = found.left_out
    assert told.startswith("/a: its schemas: this is no JSON Schema") and told.endswith("declare them by hand")


@pytest.mark.parametrize("schema", [None, [], {}, {"routes": 3}])
def test_what_is_no_bentos_schema_is_told(schema: Any) -> None:
    with pytest.raises(InvalidSchema, match="no routes"):
        own_interface(schema)
