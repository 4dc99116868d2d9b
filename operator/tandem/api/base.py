"""The base of every API object: camelCase on the wire, unknown fields kept out, absent fields left out."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ApiModel(BaseModel):
    """A part of an object as the API server stores it.

    Unknown fields are ignored when reading: a newer Tandem may have written them, and an older one must still run.
    People's typing errors are refused by the API server's strict validation before they get here.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form: camelCase, nothing that is absent."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def with_changes(self, **changes: Any) -> Self:
        """Return a copy with some fields replaced; fields are given by their Python names."""
        return self.model_copy(update=changes)
