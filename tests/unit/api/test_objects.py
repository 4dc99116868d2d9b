"""Reading and writing the objects."""

from typing import Any

import pytest

from tandem.api.objects import InvalidObject, parse_deployment, parse_revision


def deployment(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "tandem.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "fraud", "namespace": "payments", "uid": "1", "generation": 3},
        "spec": {
            "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
            "model": {"image": "fraud:1"},
            **spec,
        },
    }


def test_a_few_lines_are_enough() -> None:
    parsed = parse_deployment(deployment())
    assert [step.weight for step in parsed.spec.rollout.steps] == [10, 50]
    assert parsed.spec.rollback.automatic
    assert parsed.spec.traffic.gateway is None
    assert parsed.status.stable is None


def test_what_is_absent_stays_absent() -> None:
    model = parse_deployment(deployment()).spec.model
    assert model.to_dict() == {"image": "fraud:1"}


def test_the_wire_form_is_camel_case_and_comes_back() -> None:
    spec = parse_deployment(deployment(serving={"readOnlyRoot": False, "nodeSelector": {"gpu": "yes"}})).spec
    assert spec.serving.to_dict()["readOnlyRoot"] is False
    assert parse_deployment({**deployment(), "spec": spec.to_dict()}).spec == spec


def test_fields_of_a_newer_tandem_are_ignored() -> None:
    parsed = parse_deployment(deployment(invented={"later": True}))
    assert "invented" not in parsed.spec.to_dict()


def test_an_object_that_does_not_fit_is_named_with_the_field() -> None:
    with pytest.raises(
        InvalidObject, match=r"ModelDeployment fraud: spec\.requirements\.latency\.p99: .*apply it again"
    ):
        parse_deployment(deployment(requirements={"latency": {"p99": "150"}}))


def test_a_revision_without_its_spec_is_named() -> None:
    with pytest.raises(InvalidObject, match=r"ModelRevision fraud-r1: spec\.number: Field required"):
        parse_revision({"metadata": {"name": "fraud-r1"}, "spec": {}})
