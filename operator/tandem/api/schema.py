"""From typed models to the structural schemas that the API server wants.

JSON Schema, as pydantic writes it, says the same with other means: references, ``anyOf`` with null for what may be
absent, ``{}`` for anything. A structural schema has every part in its place, and each with a description, because that
is what ``kubectl explain`` shows.
"""

from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

Schema = dict[str, Any]

_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_KEPT: Final = (
    "description",
    "type",
    "format",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)
_HANDLED: Final = {
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "items",
    "properties",
    "required",
    "title",
}


class NotStructuralError(Exception):
    """A model uses something that a structural schema cannot say; the message names the place and the word."""


def structural_schema(model: type[BaseModel]) -> Schema:
    """Return the structural schema of a model, ready for a CustomResourceDefinition."""
    source = model.model_json_schema(by_alias=True, mode="validation")
    return _Translation(source.pop("$defs", {})).of(source, model.__name__)


class _Translation:
    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._definitions = definitions

    def of(self, node: Schema, where: str) -> Schema:
        node = self._resolved(node, where)
        unknown = [
            key for key in node if key not in _KEPT and key not in _HANDLED and not key.startswith("x-kubernetes-")
        ]
        if unknown:
            raise NotStructuralError(f"{where}: no structural schema has the word {unknown[0]!r}; model it otherwise")
        schema: Schema = {key: node[key] for key in _KEPT if key in node}
        if "const" in node:
            schema["enum"] = [node["const"]]
        if node.get("default") is not None:
            schema["default"] = to_jsonable_python(node["default"])
            schema["description"] = _with_default(schema)
        if "items" in node:
            schema["items"] = self.of(node["items"], f"{where}[]")
        self._fill_object(schema, node, where)
        schema.update({key: value for key, value in node.items() if key.startswith("x-kubernetes-")})
        if "type" not in schema and "x-kubernetes-int-or-string" not in schema:
            schema[_PRESERVE] = True
        return schema

    def _fill_object(self, schema: Schema, node: Schema, where: str) -> None:
        if "properties" in node:
            schema["properties"] = {key: self.of(value, f"{where}.{key}") for key, value in node["properties"].items()}
            if "default" in schema:
                schema["default"] = _without_own_defaults(schema["default"], schema["properties"])
        if "required" in node:
            schema["required"] = node["required"]
        values = node.get("additionalProperties")
        if isinstance(values, dict) and self._resolved(values, where):
            schema["additionalProperties"] = self.of(values, f"{where}{{}}")
        elif values is True or isinstance(values, dict):
            schema[_PRESERVE] = True

    def _resolved(self, node: Schema, where: str) -> Schema:
        """Follow references and drop the null of what may be absent; what is said nearer to the field wins."""
        if "$ref" in node:
            target = self._definitions[node["$ref"].removeprefix("#/$defs/")]
            return self._resolved({**target, **{key: value for key, value in node.items() if key != "$ref"}}, where)
        if "anyOf" not in node:
            return node
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
        if len(choices) == 1:
            return self._resolved({**self._resolved(choices[0], where), **rest}, where)
        by_type = {choice.get("type"): choice for choice in choices}
        if by_type.keys() == {"integer", "string"}:
            return {**rest, "x-kubernetes-int-or-string": True}
        raise NotStructuralError(f"{where}: a field has one type; a choice of {len(choices)} cannot be said")


def _with_default(schema: Schema) -> str:
    """Return the description with the default: ``kubectl explain`` does not show it otherwise."""
    description: str = schema.get("description", "")
    default = schema["default"]
    if isinstance(default, dict | list) or not default or "Default:" in description:
        return description
    return f"{description} Default: {'true' if default is True else default}."


def _without_own_defaults(default: Schema, properties: dict[str, Schema]) -> Schema:
    """Return what of a struct's default its fields do not default to by themselves, mostly ``{}``."""
    kept: Schema = {}
    for key, value in default.items():
        field = properties.get(key, {})
        inner = isinstance(value, dict) and "properties" in field
        shortened = _without_own_defaults(value, field["properties"]) if inner else value
        if shortened is not None and shortened != field.get("default"):
            kept[key] = shortened
    return kept
