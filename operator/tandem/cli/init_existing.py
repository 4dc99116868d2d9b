"""``tandem init --from deployment/NAME``: a hand-made Deployment as a ModelDeployment, and how to take it over."""

import asyncio
from dataclasses import replace
from pathlib import Path

import typer

from tandem.api.objects import InvalidObject, parse_deployment
from tandem.cli.access import Access
from tandem.cli.init_known import Known, Target, codeowners
from tandem.cli.values import refuse
from tandem.cluster.client import Cluster
from tandem.cluster.connection import NoCluster
from tandem.cluster.errors import ClusterError
from tandem.cluster.existing import Neighbourhood, read_neighbourhood
from tandem.drafts.deployment import Draft
from tandem.drafts.existing import Existing, Unreadable
from tandem.drafts.takeover import FOLDER, Around, Takeover, plan_takeover, plan_text


def write_existing(known: Known, source: str, access: Access, target: Target) -> None:
    """Write the ModelDeployment and the plan of the take-over; or end the command with what is wrong."""
    kind, separator, name = source.partition("/")
    if not (separator and name and kind in ("deployment", "deployments", "deploy")):
        refuse(f"--from {source}: name a Deployment, as in deployment/fraud")
    takeover = _takeover(known, asyncio.run(_read(access, name)))
    draft = _completed(takeover.draft, known)
    try:
        parse_deployment({"metadata": {"name": draft.name}, "spec": draft.spec})
    except InvalidObject as error:
        refuse(str(error))
    folder = target.folder or Path(draft.name)
    before = {f"{FOLDER}/{file}": text for file, text in takeover.files.items()}
    model = f"-k {folder}" if target.two_files else f"-f {folder}/model.yaml"
    target.write(draft, {}, {**before, f"{FOLDER}/PLAN.md": plan_text(takeover, str(folder), model)})
    for each in takeover.lost:
        typer.echo(f"Not carried over: {each}", err=True)
    if target.two_files:
        typer.echo(f"For CODEOWNERS:\n{codeowners(folder, draft.spec['owners'])}\n")
    typer.echo(
        f"Written to {folder}/. Read {folder}/{FOLDER}/PLAN.md: {len(takeover.steps)} steps, each with its way back."
    )


async def _read(access: Access, name: str) -> Neighbourhood:
    try:
        connection = await access.connection()
        async with Cluster(connection.configuration) as cluster:
            return await read_neighbourhood(cluster, access.namespace or connection.namespace, name)
    except (NoCluster, ClusterError) as error:
        refuse(str(error))


def _takeover(known: Known, found: Neighbourhood) -> Takeover:
    around = Around(found.services, found.routes, found.ingresses, found.autoscalers)
    try:
        return plan_takeover(Existing(found.deployment, found.config_maps), around, known.name, known.owners())
    except Unreadable as error:
        refuse(str(error))


def _completed(draft: Draft, known: Known) -> Draft:
    """Add what no Deployment says, or what its variables leave open."""
    latency = known.latency_objectives()
    return replace(
        draft,
        spec={
            **draft.spec,
            **({"purpose": known.purpose} if known.purpose else {}),
            "model": {**draft.spec["model"], **({"service": known.service} if known.service else {})},
            "requirements": {"latency": latency} if latency else {},
        },
    )
