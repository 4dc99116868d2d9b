"""The ConfigMap of a profile: made for Git by `tandem profile`, and read back where a model is planned or checked."""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from tandem.api.profile import PROFILE_KEY, Profile
from tandem.manifests.text import to_yaml


class InvalidProfile(Exception):
    """A ConfigMap does not hold a profile; the message says what is wrong and what to do."""


def profile_name(deployment: str) -> str:
    """Return the name that a model's profile has by default."""
    return f"{deployment}-profile"


def profile_manifest(name: str, namespace: str | None, profile: Profile) -> dict[str, Any]:
    """Return the ConfigMap; without a namespace it goes where the model goes."""
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {PROFILE_KEY: to_yaml(profile.to_dict())},
    }


def read_profile(config_map: Mapping[str, Any]) -> Profile:
    """Return the profile in a ConfigMap, from Git or from the cluster. Raises `InvalidProfile`."""
    name = (config_map.get("metadata") or {}).get("name", "?")
    text = (config_map.get("data") or {}).get(PROFILE_KEY)
    if not isinstance(text, str):
        raise InvalidProfile(f"ConfigMap {name} has no key {PROFILE_KEY}: name the one that `tandem profile` wrote")
    try:
        return Profile.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError, RecursionError) as error:
        what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is not YAML"
        raise InvalidProfile(
            f"{PROFILE_KEY} in ConfigMap {name}: {what}; measure it again with `tandem profile`"
        ) from None
