"""``tandem plan --diff``: what applying a file would change in a cluster, and whether it starts a rollout."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import typer
import yaml

from tandem.api.names import DEPLOYMENT_LABEL
from tandem.api.objects import ModelDeployment, ModelRevision, parse_deployment, parse_revision
from tandem.cli.access import Access
from tandem.cli.plan import PlanOutput
from tandem.cli.plan_inputs import Inputs
from tandem.cli.values import fail, refuse
from tandem.cluster.client import Cluster
from tandem.cluster.connection import NoCluster
from tandem.cluster.errors import ClusterError, NotFound
from tandem.cluster.kinds import CONFIG_MAP, MODEL_DEPLOYMENT, MODEL_REVISION
from tandem.contract import Weakening, contract_of, weakenings
from tandem.manifests.changes import changes
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import Declared, config_maps, declare, same_version
from tandem.manifests.errors import DeclarationError
from tandem.manifests.fields import CONFIG_FIELD, FIELDS
from tandem.planning.objects import objects

_LOUD: Final = {
    "serving.replicas",
    *(".".join(name.split(".")[:2]) for name in (CONFIG_FIELD, *(each.name for each in FIELDS))),
}
"""Fields of spec.model and spec.serving that the other lines tell of."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What applying the file would do. ``rollout``: the number of the revision that it starts; None for none."""

    name: str
    rollout: int | None
    lines: tuple[str, ...]


def compare(inputs: Inputs, access: Access) -> Difference:
    """Read the cluster and compare; end the command where it cannot be read."""
    metadata = inputs.deployment.metadata
    target = metadata.model_copy(update={"namespace": access.namespace}) if access.namespace else metadata
    wanted = inputs.deployment.with_changes(metadata=target)
    try:
        live, revisions, contents = asyncio.run(_read(wanted, inputs.configs, access))
        return difference(wanted, live, revisions, contents)
    except NoCluster as error:
        refuse(str(error))
    except ClusterError as error:
        fail(str(error))
    except DeclarationError as error:
        refuse(f"{inputs.file}: {error}")


def difference(
    wanted: ModelDeployment,
    live: ModelDeployment | None,
    revisions: list[ModelRevision],
    contents: Mapping[str, ConfigContent],
) -> Difference:
    """Return what would change: the version, the number of pods, and what changes without a rollout."""
    declared = declare(wanted.spec, contents)
    newest = sorted(revisions, key=lambda each: each.spec.number, reverse=True)
    pods = wanted.spec.serving.replicas.min
    if live is None:
        made = [f"{each['kind']} {each['metadata']['name']}" for each in objects(wanted, contents)]
        return Difference(wanted.metadata.name, 1, (f"is new: {', '.join(made)}; {pods} pods",))
    number, lines = _version(wanted, live, newest, declared)
    was = live.spec.serving.replicas.min
    if was != pods:
        lines.append(f"pods of the stable version: {was} -> {pods}")
    quiet = _quiet(live.spec.to_dict(), wanted.spec.to_dict())
    lines += [f"changes at once, without a rollout: spec.{name}" for name in quiet]
    lines += [f"promises less than before: {each.words} ({each.hash})" for each in _weaker(wanted, live)]
    return Difference(wanted.metadata.name, number, tuple(lines))


def _version(
    wanted: ModelDeployment, live: ModelDeployment, newest: list[ModelRevision], declared: Declared
) -> tuple[int | None, list[str]]:
    """Return the number of the revision that starts, if one does, and what becomes of the declared version in words."""
    status = live.status
    stable = status.stable.revision if status.stable else None
    same = next((each for each in newest if same_version(declared, each.spec)), None)
    if same is None:
        number = max([each.spec.number for each in newest], default=0) + 1
        before = next((each for each in newest if each.metadata.name == stable), newest[0] if newest else None)
        what = changes(declared, before.spec) if before else []
        return number, [f"starts a rollout of {wanted.metadata.name}-r{number}", *(f"  {each}" for each in what)]
    name = same.metadata.name
    if name == stable:
        return None, [f"starts no rollout: it is {stable}, which is stable"]
    if status.candidate is not None and status.candidate.revision == name:
        return None, [f"starts no rollout: {name} is tried already"]
    if status.rejected is not None and status.rejected.revision == name:
        if status.rejected.attempt == wanted.spec.rollout.attempt:
            why = f"{name} was sent back ({status.rejected.reason})"
            return None, [f"starts no rollout: {why}; another rollout.attempt tries it again"]
        return same.spec.number, [f"tries {name} again, which was sent back: a rollout of it"]
    return same.spec.number, [f"goes back to {name}, which is not stable: a rollout of it"]


def _quiet(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the fields that differ and are no part of a version; the number of pods is told by itself."""
    found = []
    for part in _different(before, after):
        if part not in ("model", "serving"):
            found.append(part)
            continue
        inside = _different(before.get(part, {}), after.get(part, {}))
        found += [f"{part}.{name}" for name in inside if f"{part}.{name}" not in _LOUD]
    return found


def _different(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {**before, **after} if before.get(name) != after.get(name))


def _weaker(wanted: ModelDeployment, live: ModelDeployment) -> list[Weakening]:
    """Return what the file promises less than stable is held to, and does not accept itself."""
    held = live.status.stable.contract if live.status.stable else None
    found = weakenings(contract_of(wanted.spec), held or contract_of(live.spec))
    return [each for each in found if each.hash not in (wanted.spec.rollout.accept_weakening or ())]


def write(found: Difference, output: PlanOutput) -> None:
    """Write it to standard output."""
    if output in (PlanOutput.JSON, PlanOutput.YAML):
        data: dict[str, Any] = {"name": found.name, "rollout": found.rollout, "changes": list(found.lines)}
        text = json.dumps(data, indent=2) if output is PlanOutput.JSON else yaml.safe_dump(data, sort_keys=False)
        typer.echo(text.rstrip())
        return
    for line in found.lines:
        typer.echo(line if line.startswith(" ") else f"{found.name} {line}")


async def _read(
    wanted: ModelDeployment, known: Mapping[str, ConfigContent], access: Access
) -> tuple[ModelDeployment | None, list[ModelRevision], dict[str, ConfigContent]]:
    """Read the model, its revisions, and the ConfigMaps that the file names and does not hold."""
    namespace, name = wanted.metadata.namespace, wanted.metadata.name
    connection = await access.connection()
    async with Cluster(connection.configuration) as cluster:
        try:
            live = parse_deployment(await cluster.get(MODEL_DEPLOYMENT, namespace, name))
        except NotFound:
            live = None
        listed = await cluster.list(MODEL_REVISION, namespace, f"{DEPLOYMENT_LABEL}={name}")
        contents = {}
        for each in config_maps(wanted.spec):
            if each in known:
                contents[each] = known[each]
                continue
            contents[each] = ConfigContent.of(await cluster.get(CONFIG_MAP, namespace, each))
        return live, [parse_revision(item) for item in listed.items], contents
