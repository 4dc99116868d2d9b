"""Whose a host and path of a gateway is: the oldest that asks for it, and everybody concerned is told."""

from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.controller.claims import RouteClaims

OLD, NEW = ("payments", "old"), ("payments", "new")


def model(name: str, **gateway: Any) -> ModelDeployment:
    made = {"old": "2026-01-01T00:00:00Z", "new": "2026-02-01T00:00:00Z"}[name]
    meta = {"namespace": "payments", "name": name, "uid": f"uid-{name}", "creationTimestamp": made}
    spec = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:2", "service": "Fraud"},
        "traffic": {"gateway": {"parentRefs": [{"name": "public"}], "path": "/fraud", **gateway}},
    }
    return parse_deployment({"metadata": meta, "spec": spec})


def listener(**fields: Any) -> dict[str, Any]:
    return {"parentRefs": [{"name": "public", **fields}]}


@pytest.mark.parametrize(
    ("old", "new", "taken"),
    [
        ({}, {}, True),
        ({}, {"path": "/other"}, False),
        ({"path": "/fraud/"}, {}, True),
        ({}, {"hostnames": ["models.example.com"]}, False),
        ({"hostnames": ["models.example.com"]}, {"hostnames": ["models.example.com"]}, True),
        (listener(namespace="gateway"), {}, False),
        (listener(sectionName="internal"), listener(sectionName="external"), False),
        (listener(sectionName="internal"), listener(sectionName="internal"), True),
        (listener(sectionName="internal"), {}, True),
        (listener(port=80), listener(port=443), False),
        (listener(port=80), listener(sectionName="internal"), True),
    ],
)
def test_a_place_belongs_to_the_oldest(old: dict[str, Any], new: dict[str, Any], taken: bool) -> None:
    claims = RouteClaims([model("new", **new), model("old", **old)])
    held = claims.holder(NEW)
    assert (held[0] if held else None) == (OLD if taken else None)
    assert claims.holder(OLD) is None


def test_who_is_concerned_is_told_by_the_one_that_comes_and_by_the_one_that_goes() -> None:
    claims = RouteClaims([model("old", path="/a"), model("new", path="/b")])
    assert claims.put(model("old", path="/b")) == {NEW}, "it has lost its place"
    assert claims.holder(NEW) is not None
    assert claims.put(model("old", path="/b")) == set(), "nothing has changed"
    assert claims.put(model("old", path="/a")) == {NEW}, "it has it again"
    assert claims.holder(NEW) is None
