"""The generated definitions: in step with the models, structural, and with something to say about every field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from tandem.api.crds import FOLDERS, definitions, main, rendered
from tandem.api.schema import NotStructuralError, structural_schema

ROOT = Path(__file__).resolve().parents[3]
FILES = ["modeldeployments.yaml", "modelrevisions.yaml"]


def schema_of(file: str) -> dict[str, Any]:
    schema: dict[str, Any] = definitions()[file]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field under a schema with its path, and every struct in a list or map."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}", field
        yield from fields(field, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if "properties" in schema.get(key, {}):
            yield f"{path}[]", schema[key]
            yield from fields(schema[key], f"{path}[]")


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_the_files_are_what_the_models_say(folder: Path) -> None:
    found = {path.name: path.read_text() for path in (ROOT / folder).iterdir()}
    assert found == rendered(), "run `make crds`"


@pytest.mark.parametrize("file", FILES)
def test_every_field_is_described_by_a_sentence(file: str) -> None:
    described = {path: field.get("description", "") for path, field in fields(schema_of(file)) if path != ".metadata"}
    assert len(described) > 20
    assert [path for path, text in described.items() if not text.endswith(".")] == []


@pytest.mark.parametrize("file", FILES)
def test_the_schemas_use_only_words_of_structural_schemas(file: str) -> None:
    foreign = {"$ref", "$defs", "title", "anyOf", "oneOf", "const", "examples", "exclusiveMinimum", "exclusiveMaximum"}
    assert [path for path, field in fields(schema_of(file)) if foreign & field.keys()] == []


def test_what_a_revision_declares_has_no_default() -> None:
    """The API server would write it into the object, and a change of the default would make new revisions of all."""
    spec = schema_of("modeldeployments.yaml")["properties"]["spec"]["properties"]
    declared = [*fields(spec["model"], "model"), *fields(spec["serving"], "serving")]
    defaulted = [path for path, field in declared if "default" in field]
    assert defaulted == ["model.interface[].method", "serving.replicas", "serving.replicas.min"]


def test_scalar_defaults_are_told_in_words() -> None:
    spec = schema_of("modeldeployments.yaml")["properties"]["spec"]
    scalars = {p: f for p, f in fields(spec) if "default" in f and not isinstance(f["default"], dict | list)}
    assert scalars[".rollout.watch"]["description"].endswith("Default: 10m.")
    assert [path for path, field in scalars.items() if "Default: " not in field["description"]] == []


def test_a_struct_defaults_to_its_fields_defaults() -> None:
    spec = schema_of("modeldeployments.yaml")["properties"]["spec"]["properties"]
    assert spec["rollout"]["default"] == {}
    assert spec["serving"]["default"] == {}


def test_what_belongs_to_other_apis_is_kept_as_written() -> None:
    spec = dict(fields(schema_of("modeldeployments.yaml")["properties"]["spec"]))
    body = spec[".serving.startup.warmup[].body"]
    assert body == {"description": body["description"], "x-kubernetes-preserve-unknown-fields": True}
    assert spec[".serving.affinity"]["x-kubernetes-preserve-unknown-fields"] is True
    assert spec[".traffic.gateway.filters"]["items"]["x-kubernetes-preserve-unknown-fields"] is True


def test_amounts_are_numbers_or_strings() -> None:
    spec = dict(fields(schema_of("modeldeployments.yaml")["properties"]["spec"]))
    amount = spec[".serving.resources.limits"]["additionalProperties"]
    assert amount["x-kubernetes-int-or-string"] is True
    assert "type" not in amount


class Choice(BaseModel):
    """Says what a structural schema cannot say."""

    either: list[str] | dict[str, str] = Field(description="One of two.")


class Exclusive(BaseModel):
    """Says what a structural schema cannot say."""

    more: int = Field(gt=1, description="More.")


@pytest.mark.parametrize(("model", "place"), [(Choice, "Choice.either"), (Exclusive, "Exclusive.more")])
def test_what_cannot_be_said_is_an_error_that_names_the_place(model: type[BaseModel], place: str) -> None:
    with pytest.raises(NotStructuralError, match=place):
        structural_schema(model)


def test_check_names_the_file_that_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["crds", str(tmp_path)])
    assert main() == 0
    monkeypatch.setattr("sys.argv", ["crds", "--check", str(tmp_path)])
    assert main() == 0
    (tmp_path / "modelrevisions.yaml").write_text("kind: Other\n")
    (tmp_path / "old.yaml").write_text("kind: Old\n")
    capsys.readouterr()
    assert main() == 1
    named = capsys.readouterr().err
    assert "modelrevisions.yaml" in named
    assert "old.yaml" in named
    assert "modeldeployments.yaml" not in named
