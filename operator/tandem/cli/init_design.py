"""``tandem init --design``: the contract, and a stub bento that keeps it, before there is a model."""

from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import ValidationError

from tandem.api.objects import InvalidObject, parse_deployment
from tandem.api.requirements import Latency
from tandem.cli import init_known
from tandem.cli.init_known import Known, Spec, Target, codeowners
from tandem.cli.schema_files import bounded, read_document
from tandem.cli.values import refuse
from tandem.drafts.deployment import Draft
from tandem.drafts.notation import HELP, schema_of_fields
from tandem.drafts.schemas import Interface, InvalidSchema, read_interface
from tandem.drafts.stub import VERSION, class_name, stub_files

STUB = "stub"
"""Folder of the stub, beside the ModelDeployment."""

PREFACE = """\
The contract of a model that does not exist yet: both teams fill it in and review it before anything is trained.

The image is a stub's, made from the folder {stub}: it answers as the interface below declares, as late as the latency
objectives allow. The model replaces it as an ordinary new version: another image in this file."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where the interface is described."""

    schema: Path | None
    request: str | None
    response: str | None
    route: str


def write_design(known: Known, wishes: Wishes, target: Target) -> None:
    """Write the ModelDeployment and the stub, and say what to do next; or end the command with what is wrong."""
    name = known.checked_name(None)
    interface = _interface(wishes)
    service = known.service or class_name(name)
    latency = known.latency_objectives()
    image = known.image or f"{name}:{VERSION}"
    with bounded("making examples of the schema"):
        try:
            stub = stub_files(name, service, interface.routes, Latency.model_validate(latency))
        except (InvalidSchema, ValidationError) as error:
            refuse(f"{wishes.schema or 'the interface'}: {error}")
    draft = Draft(name, _spec(known, name, service, image, interface), preface=PREFACE.format(stub=STUB))
    _check(draft)
    folder = target.write(draft, {}, {f"{STUB}/{file}": text for file, text in stub.items()})
    for each in interface.left_out:
        typer.echo(f"Left out: {each}", err=True)
    _say_what_is_next(target, folder, draft, image)


def _interface(wishes: Wishes) -> Interface:
    try:
        if wishes.schema is not None:
            with bounded("reading the schema"):
                return read_interface(read_document(wishes.schema), wishes.route)
        request = _fields(wishes.request, "--request", "Fields of a request (amount: number 0..10000, country: AT|DE)")
        response = _fields(wishes.response, "--response", "Fields of an answer (score: number 0..1)")
        body = {"request": schema_of_fields(request), "response": schema_of_fields(response), "path": wishes.route}
        return read_interface(body)
    except InvalidSchema as error:
        refuse(f"{wishes.schema or 'the interface'}: {error}")


def _fields(given: str | None, option: str, question: str) -> str:
    if given is not None:
        return given
    if not init_known.on_terminal():
        refuse(f"say what the model is asked and answers: --schema FILE, or --request and --response ({HELP})")
    return init_known.asked(question, option)


def _spec(known: Known, name: str, service: str, image: str, interface: Interface) -> Spec:
    latency = known.latency_objectives()
    return {
        **({"purpose": known.purpose} if known.purpose else {}),
        "tier": "Experiment",
        "owners": known.owners(),
        "model": {"image": image, "service": service, "interface": [route.to_dict() for route in interface.routes]},
        "requirements": {"latency": latency} if latency else {},
        "serving": {"replicas": {"min": 1}},
        "traffic": known.traffic(name),
    }


def _check(draft: Draft) -> None:
    """What is written is what the API takes: a mistake in an option is told of here, not by the API server."""
    try:
        parse_deployment({"metadata": {"name": draft.name}, "spec": draft.spec})
    except InvalidObject as error:
        refuse(str(error))


def _say_what_is_next(target: Target, folder: Path, draft: Draft, image: str) -> None:
    gateway = draft.spec["traffic"].get("gateway")
    if target.two_files:
        typer.echo(f"For CODEOWNERS:\n{codeowners(folder, draft.spec['owners'])}\n")
    typer.echo(
        f"Written to {folder}/. Next:\n"
        f"  (cd {folder}/{STUB} && bentoml build --version {VERSION})\n"
        f"  bentoml containerize {draft.name}:{VERSION} --image-tag {image}\n"
        "  (push the image where your cluster finds it)\n"
        f"  {target.apply_words(folder)}"
    )
    if gateway is None:
        typer.echo("Callers outside the cluster need a gateway: uncomment traffic.gateway, or use --gateway.")
