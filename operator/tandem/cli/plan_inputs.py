"""What a plan is made of: the model's file, its profile, and the ConfigMaps that stand beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.api.objects import ModelDeployment
from tandem.api.profile import Profile
from tandem.cli.documents import InvalidFile, read_documents
from tandem.cli.files import DRAFTED_PROFILE, read_deployment
from tandem.cli.values import refuse
from tandem.manifests.configs import ConfigContent
from tandem.manifests.profile import InvalidProfile, profile_name, read_profile


@dataclass(frozen=True, slots=True)
class Inputs:
    """A model, where it was read, its profile (None only where none is needed), and ConfigMaps by name."""

    file: str
    deployment: ModelDeployment
    profile: Profile | None
    profile_file: str
    configs: Mapping[str, ConfigContent]


def read(file: str, name: str | None, profile: str | None, needs_profile: bool) -> Inputs:
    """Read them, or end the command with what is wrong."""
    try:
        deployment = read_deployment(file, name)
        maps = {each["metadata"]["name"]: each for each in _config_maps(file)}
        found = _profile(file, deployment, profile, maps) if needs_profile else None
    except (InvalidFile, InvalidProfile) as error:
        refuse(str(error))
    contents = {each: ConfigContent.of(body) for each, body in maps.items()}
    return Inputs(file, deployment, found[0] if found else None, found[1] if found else "", contents)


def _profile(file: str, deployment: ModelDeployment, given: str | None, maps: Mapping[str, Any]) -> tuple[Profile, str]:
    named = deployment.spec.profile or profile_name(deployment.metadata.name)
    if given is None and named in maps:
        return read_profile(maps[named]), file
    path = given or _beside(file, deployment, named)
    if given is None and not Path(path).is_file():
        raise InvalidFile(
            f"{file}: its profile is neither in it nor in {path}: measure it with `tandem profile`, or name it with "
            "--profile"
        )
    found = list(_config_maps(path))
    if not found:
        raise InvalidFile(f"{path}: holds no ConfigMap: name the file that `tandem profile` wrote")
    chosen = next((each for each in found if each["metadata"]["name"] == named), found[0])
    return read_profile(chosen), path


def _beside(file: str, deployment: ModelDeployment, named: str) -> str:
    """Return where `tandem profile` writes it, or `tandem init` if the model's own is there."""
    own, drafted = (
        Path(file).parent / name for name in (f"{profile_name(deployment.metadata.name)}.yaml", DRAFTED_PROFILE)
    )
    if own.is_file() or not drafted.is_file():
        return str(own)
    return str(drafted if any(each["metadata"]["name"] == named for each in _config_maps(str(drafted))) else own)


def _config_maps(path: str) -> Iterator[dict[str, Any]]:
    for document in read_documents(path):
        if document.kind == "ConfigMap" and isinstance(document.part("metadata").get("name"), str):
            yield dict(document.body)
