"""spec.model: what data science hands over.

What decides how a version behaves (image, service, env, config, secrets) is part of its revision and has no schema
default (see ``tandem.api.spec``). What is said about it (interface, subjects, trained) is not: it starts no rollout.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from tandem.api.base import ApiModel
from tandem.api.marks import ANY_OBJECT, SET, list_map, rules
from tandem.api.values import Date, Folder, ObjectName, UrlPath, matching

Word = Annotated[
    str,
    matching(r"^[A-Za-z_][A-Za-z0-9_]*$", 128, "use letters, digits and '_' only, and no digit at the start"),
]


class EnvVar(ApiModel):
    """An environment variable of the bento's container."""

    name: Word = Field(description="Name of the variable.")
    value: str = Field(max_length=8192, description="Its value, taken literally. Secrets belong in model.secrets.")


class ConfigRef(ApiModel):
    """A ConfigMap that belongs to the version: its content is copied when the revision is made."""

    config_map: ObjectName = Field(description="Name of a ConfigMap in the same namespace.")
    mount_path: Folder = Field(description="Folder in which its keys appear as files.")


class SecretRef(ApiModel):
    """A Secret, used live: rotating it is no release and starts no rollout."""

    model_config = {
        "json_schema_extra": rules(
            (
                "(has(self.env) && self.env) != has(self.mountPath)",
                "say how the secret is used: env: true (every key becomes a variable) or mountPath: /some/folder",
            )
        )
    }
    secret: ObjectName = Field(description="Name of a Secret in the same namespace.")
    env: bool | None = Field(None, description="Give every key as an environment variable.")
    mount_path: Folder | None = Field(None, description="Folder in which the keys appear as files.")


class Route(ApiModel):
    """A route of the bento that others call, and what they may rely on."""

    path: UrlPath = Field(description="Path of the route, such as /predict.")
    method: Literal["GET", "POST"] = Field("POST", description="Method that it is called with.")
    request: dict[str, JsonValue] | None = Field(
        None, description="JSON Schema of the request's body.", json_schema_extra=ANY_OBJECT
    )
    response: dict[str, JsonValue] | None = Field(
        None, description="JSON Schema of the answer's body.", json_schema_extra=ANY_OBJECT
    )


class Model(ApiModel):
    """What data science hands over: the bento's image and what it needs beside it."""

    model_config = {
        "json_schema_extra": rules(
            (
                (
                    "!has(self.config) || !has(self.secrets) || "
                    "self.config.all(c, self.secrets.all(s, !has(s.mountPath) || s.mountPath != c.mountPath))"
                ),
                "a folder holds one ConfigMap or one Secret: give each a mountPath of its own",
            )
        )
    }
    image: Annotated[
        str,
        matching(r"^[^\s]+$", 512, "an image is a name with a tag or digest, such as registry.example.com/fraud:2.1.0"),
    ] = Field(description="Image made by `bentoml containerize`. Prefer a tag that is never pushed again, or a digest.")
    service: Word | None = Field(
        None,
        description=(
            "Name of the bento's service (its class). "
            "Needed for latency objectives: the histogram edges are configured under this name."
        ),
    )
    env: list[EnvVar] | None = Field(
        None, max_length=100, description="Environment variables.", json_schema_extra=list_map("name")
    )
    config: list[ConfigRef] | None = Field(
        None,
        max_length=20,
        json_schema_extra=list_map("mountPath"),
        description="ConfigMaps that belong to the version: copied, so that they roll out and back with it.",
    )
    secrets: list[SecretRef] | None = Field(
        None,
        max_length=20,
        json_schema_extra=list_map("secret"),
        description="Secrets, used live: rotation starts no rollout.",
    )
    interface: list[Route] | None = Field(
        None,
        max_length=50,
        json_schema_extra=list_map("path", "method"),
        description="Routes that others call, and the form of requests and answers. Changing it starts no rollout.",
    )
    subjects: Literal["People", "None"] | None = Field(
        None,
        description="Whom the answers are about. People: their groups are to be treated alike (quality.slices).",
    )
    trained: Date | None = Field(
        None, description="Day on which the model was trained; requirements.maxAge counts from it."
    )
    image_pull_secrets: list[ObjectName] | None = Field(
        None, max_length=10, description="Names of Secrets with registry credentials.", json_schema_extra=SET
    )
