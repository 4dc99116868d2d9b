"""``tandem init BENTO --rows FILE``: one run of the real bento, and from it the draft, the profile and edge cases."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import typer

from tandem.api.objects import InvalidObject, parse_deployment
from tandem.api.profile import Profile, Startup
from tandem.cli.files import DRAFTED_PROFILE
from tandem.cli.init_known import Known, Spec, Target, codeowners
from tandem.cli.profile_subject import Bounds, Subject, shown, subject_of
from tandem.cli.values import refuse
from tandem.drafts.commented import plain_yaml
from tandem.drafts.deployment import Draft
from tandem.drafts.recorded import (
    MOST_CASES,
    case_lines,
    cases_that_fit,
    drafted_cases,
    measured_serving,
    own_interface,
)
from tandem.drafts.schemas import Interface, InvalidSchema
from tandem.manifests.profile import profile_manifest, profile_name
from tandem.profiling import (
    ProfilingFailed,
    Progress,
    Row,
    ended_by_signals,
    local_setting,
    measure,
    read_rows,
    serve,
    until_ready,
)
from tandem.profiling.recording import Recorded, own_schema, record

BOUNDS: Final = Bounds(startup=120.0, load=45.0, answer=15.0, callers=64)
_ANY_PATH: Final = "/?"
"""Stands for the route of a row that names none, until the bento has said which routes it has."""

PREFACE: Final = "Made by one run of {bento}. What was measured of it is in profile.yaml."

PREFACE_OF_CASES: Final = """
Its answers to some rows are in edge-cases.yaml: they are drafts, and bind nobody before a person has confirmed them."""

CASES_PREFACE: Final = """\
# Drafts: what the bento answered when it was first run, which may be right or wrong. Go through them, correct or remove
# what is not meant, say by how much numbers may differ (within), and add what must never go wrong ("must": true).
# They hold rows: where those are personal data, keep them in a Secret instead, and not in Git.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a bento told."""

    service: str
    interface: Interface
    recorded: list[Recorded]
    profile: Profile
    tag: str | None


def write_bento(known: Known, bento: str, rows: str | None, route: str | None, target: Target) -> None:
    """Run the bento and write what it tells; or end the command with what is wrong."""
    if rows is None:
        refuse("say with what it is run: --rows FILE, one request body a line")
    tag_name = re.sub(r"[^a-z0-9]+", "-", bento.partition(":")[0].rpartition("/")[2].lower()).strip("-")
    name, owners = known.checked_name(tag_name or None), known.owners()
    subject = replace(subject_of(None, None, bento, tuple(known.latency)), name=name)
    try:
        requests = read_rows(Path(rows), _ANY_PATH)
    except ProfilingFailed as error:
        refuse(str(error))
    told = _run(bento, requests, route, subject)
    cases = cases_that_fit(drafted_cases([(each.path, each.request, each.answer) for each in told.recorded]))
    draft = _draft(known, name, owners, bento, told, has_cases=bool(cases))
    try:
        parse_deployment({"metadata": {"name": name}, "spec": draft.spec})
    except InvalidObject as error:
        refuse(str(error))
    manifests = {
        DRAFTED_PROFILE: plain_yaml(profile_manifest(profile_name(name), None, told.profile)),
        **({"edge-cases.yaml": _edge_cases(name, cases)} if cases else {}),
    }
    folder = target.write(draft, manifests, {})
    for each in told.interface.left_out:
        typer.echo(f"Left out: {each}", err=True)
    _say_what_did_not_fit(len(told.recorded), len(cases))
    if target.two_files:
        typer.echo(f"For CODEOWNERS:\n{codeowners(folder, owners)}\n")
    todo = "Confirm edge-cases.yaml, fill in model.yaml" if cases else "Fill in model.yaml"
    typer.echo(f"Written to {folder}/. {todo}, then: {target.apply_words(folder)}")


def _say_what_did_not_fit(recorded: int, kept: int) -> None:
    lost = recorded - kept
    if not lost:
        return
    said = f"{lost} of {recorded} recorded rows {'is' if lost == 1 else 'are'} not in edge-cases.yaml"
    why = "a ConfigMap that kubectl applies holds 256 KiB; edge cases may travel in the image instead (docs/quality.md)"
    typer.echo(f"{said if kept else 'There is no edge-cases.yaml'}: {why}", err=True)


def _run(bento: str, rows: Sequence[Row], route: str | None, subject: Subject) -> Run:
    found: dict[str, Any] = {}

    async def run(told: Callable[[Progress], None]) -> Profile:
        async with ended_by_signals(), serve(bento) as running:
            told(Progress(0.0, "waiting until it is ready"))
            ready = await until_ready(running, BOUNDS.startup)
            found["service"], found["interface"] = _own_interface(await own_schema(running))
            requests = _routed(rows, route, found["interface"])
            found["recorded"] = await record(running, requests[:MOST_CASES], BOUNDS.answer)
            found["tag"] = running.tag
            profile = await measure(running, requests, subject.terms(BOUNDS, told), local_setting())
            # It was ready before its answers were recorded.
            return profile.with_changes(startup=Startup(seconds=round(ready, 3)))

    profile = shown(bento, run)
    return Run(found["service"], found["interface"], found["recorded"], profile, found["tag"])


def _own_interface(schema: Any) -> tuple[str, Interface]:
    try:
        return own_interface(schema)
    except InvalidSchema as error:
        raise ProfilingFailed(f"its own schema: {error}") from error


def _routed(rows: Sequence[Row], route: str | None, interface: Interface) -> list[Row]:
    paths = [each.path for each in interface.routes]
    if route is not None and route not in paths:
        raise ProfilingFailed(f"it has no route {route} (--route); it has {', '.join(paths) or 'none'}")
    chosen = route or (paths[0] if len(paths) == 1 else None)
    if chosen is None and any(row.path == _ANY_PATH for row in rows):
        raise ProfilingFailed(f"which route are the rows for? Give --route: {', '.join(paths)}")
    return [replace(row, path=chosen) if row.path == _ANY_PATH and chosen else row for row in rows]


def _draft(known: Known, name: str, owners: Spec, bento: str, told: Run, *, has_cases: bool) -> Draft:
    image = known.image or told.tag
    if image is None:
        refuse(f"{bento} is not built yet, so its image has no name: give one with --image")
    latency = known.latency_objectives()
    service = known.service or told.service
    spec = {
        **({"purpose": known.purpose} if known.purpose else {}),
        "tier": "Experiment",
        "owners": owners,
        "model": {
            "image": image,
            **({"service": service} if service else {}),
            "interface": [route.to_dict() for route in told.interface.routes],
        },
        "requirements": {"latency": latency} if latency else {},
        "serving": measured_serving(told.profile),
        "traffic": known.traffic(name),
        "profile": profile_name(name),
    }
    drafted = {"quality.edgeCases": {"rows": [{"configMap": _cases_name(name)}]}} if has_cases else {}
    preface = f"{PREFACE.format(bento=bento)}{PREFACE_OF_CASES if has_cases else ''}"
    return Draft(name, spec, preface=preface, drafted=drafted)


def _edge_cases(name: str, cases: Sequence[dict[str, Any]]) -> str:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _cases_name(name)},
        "data": {"cases.jsonl": case_lines(cases)},
    }
    return CASES_PREFACE + plain_yaml(manifest, width=10**9)


def _cases_name(name: str) -> str:
    return f"{name}-edge-cases"
