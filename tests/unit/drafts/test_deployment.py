"""The commented ModelDeployment is one that the API takes, as it is and with every suggestion taken."""

import re
from typing import Any

import pytest
import yaml

from tandem.api.objects import parse_deployment
from tandem.drafts.deployment import Draft, deployment_yaml, yaml_of_side

SPEC: dict[str, Any] = {
    "tier": "Experiment",
    "owners": {"dataScience": {"team": "risk", "contact": "risk@example.com"}},
    "model": {"image": "fraud:1", "service": "Fraud", "interface": [{"path": "/predict", "method": "POST"}]},
    "serving": {"replicas": {"min": 2}, "affinity": {"podAffinity": {}}},
    "traffic": {"gateway": {"parentRefs": [{"name": "public"}], "path": "/fraud"}},
}
DRAFT = Draft("fraud", SPEC, namespace="payments", preface="Made from a test.")


def uncommented(text: str) -> str:
    """Take every suggestion, as a person does with an editor: remove the marks."""
    return "\n".join(re.sub(r"^( *)#(?! )|^( *)#(?=  )", r"\1\2", line) for line in text.splitlines())


def test_it_holds_what_is_known_and_no_more() -> None:
    found = yaml.safe_load(deployment_yaml(DRAFT))
    assert found["metadata"] == {"name": "fraud", "namespace": "payments"}
    assert found["spec"] == SPEC


def test_every_suggestion_can_be_taken() -> None:
    found = yaml.safe_load(uncommented(deployment_yaml(DRAFT)))
    parse_deployment(found)
    assert found["spec"]["owners"].keys() == {"dataScience", "engineering"}
    assert found["spec"]["requirements"].keys() == {"latency", "availability", "throughput"}
    assert found["spec"]["model"] == {**SPEC["model"], "subjects": "People", "trained": "2026-01-31"}


def test_every_field_says_why_it_is_there() -> None:
    lines = deployment_yaml(DRAFT).splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^  (  )?#?[a-z][A-Za-z]*:", line) and not re.match(r"^  (name|namespace|  ?path):", line):
            assert re.match(r"^ *# ", lines[number - 1]), f"{line} has no comment above it"


def merged(base: Any, patch: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    return {**base, **{key: merged(base.get(key), value) for key, value in patch.items()}}


@pytest.mark.parametrize("taken", [False, True])
def test_the_two_files_are_together_what_the_one_is(taken: bool) -> None:
    read = (lambda text: yaml.safe_load(uncommented(text))) if taken else yaml.safe_load
    one, science, engineering = (
        read(text)
        for text in (deployment_yaml(DRAFT), yaml_of_side(DRAFT, "dataScience"), yaml_of_side(DRAFT, "engineering"))
    )
    assert merged(science, engineering) == one
    assert "serving" not in science["spec"] and "model" not in engineering["spec"]
