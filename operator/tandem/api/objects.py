"""The objects themselves: metadata, spec and status together."""

from datetime import datetime
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from tandem.api.base import ApiModel
from tandem.api.revision import ModelRevisionSpec, ModelRevisionStatus
from tandem.api.spec import ModelDeploymentSpec
from tandem.api.status import ModelDeploymentStatus

_T = TypeVar("_T", bound=ApiModel)


class InvalidObject(Exception):
    """An object does not fit the API's models; the message says where and what to do."""


class OwnerReference(ApiModel):
    """An owner of an object; only what Tandem reads."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None


class ObjectMeta(ApiModel):
    """Metadata of an object; only what Tandem reads."""

    name: str
    namespace: str = "default"
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    owner_references: list[OwnerReference] = Field(default_factory=list)


class ModelDeployment(ApiModel):
    """A model in production, as people declare it."""

    metadata: ObjectMeta
    spec: ModelDeploymentSpec
    status: ModelDeploymentStatus = ModelDeploymentStatus()


class ModelRevision(ApiModel):
    """One declared version of a model."""

    metadata: ObjectMeta
    spec: ModelRevisionSpec
    status: ModelRevisionStatus = ModelRevisionStatus()


def parse_deployment(body: dict[str, Any]) -> ModelDeployment:
    """Read a ModelDeployment; raises ``InvalidObject`` naming the field that does not fit."""
    return _parse(ModelDeployment, body)


def parse_revision(body: dict[str, Any]) -> ModelRevision:
    """Read a ModelRevision; raises ``InvalidObject`` naming the field that does not fit."""
    return _parse(ModelRevision, body)


def _parse(kind: type[_T], body: dict[str, Any]) -> _T:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"{kind.__name__} {body.get('metadata', {}).get('name', '?')}"
        raise InvalidObject(f"{what}: {where}: {first['msg']}; correct it and apply it again") from error
