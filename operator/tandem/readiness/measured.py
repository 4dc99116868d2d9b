"""What was measured of the bento: reading the profile, and asking whether it speaks of this image."""

from collections.abc import Mapping
from typing import Any, Final

import yaml
from pydantic import ValidationError

from tandem.api.profile import PROFILE_KEY, Profile
from tandem.readiness.answers import Answer, not_applicable, unknown
from tandem.readiness.facts import Facts, ProfileRead

LONGEST: Final = 256 * 1024
"""Characters of a profile that are read: one with a hundred points of load has some 20,000."""

DEEPEST: Final = 32
PROFILE_CHECK: Final = "TDM010"

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_profile(config_map: Mapping[str, Any]) -> ProfileRead:
    """Return the profile in a ConfigMap's manifest, or what is wrong with it. Never raises: others wrote it."""
    data = config_map.get("data")
    text = data.get(PROFILE_KEY) if isinstance(data, Mapping) else None
    if not isinstance(text, str):
        return ProfileRead(wrong=f"has no key {PROFILE_KEY}")
    if len(text) > LONGEST:
        return ProfileRead(wrong=f"its {PROFILE_KEY} has {len(text)} characters; a profile has at most {LONGEST}")
    try:
        if not _is_plain(text):
            return ProfileRead(wrong=f"its {PROFILE_KEY} has aliases, or is nested too deeply")
        return ProfileRead(Profile.model_validate(yaml.load(text, Loader=_LOADER)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return ProfileRead(wrong=f"its {PROFILE_KEY} is no profile: {where}: {first['msg']}")
    except (yaml.YAMLError, ValueError):
        return ProfileRead(wrong=f"its {PROFILE_KEY} is not YAML that can be read")


def _is_plain(text: str) -> bool:
    """Tell whether nothing in it stands for more than is written: what is nested is parsed by the call stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            return False
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            return False
    return True


def of_profile(facts: Facts) -> Profile | Answer:
    """Return the profile if it speaks of this model, or else the answer of a check that needs it."""
    profile = facts.profile.profile
    if profile is not None and (
        profile.image is None or repository(profile.image) == repository(facts.spec.model.image)
    ):
        return profile
    if facts.tier == "Experiment" and facts.spec.profile is None:
        return not_applicable("nothing was measured, nor is that asked at tier Experiment")
    return unknown("nothing that was measured of this model is known", because=PROFILE_CHECK)


def repository(image: str) -> str:
    """Return an image's name without tag and digest."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def where_measured(profile: Profile) -> str:
    """Return where it was measured: figures of a laptop say little of a pod."""
    place = "in the cluster" if profile.setting.where == "InCluster" else "on a machine of its own"
    return f"measured {place}, cpu {profile.setting.cpu}"
