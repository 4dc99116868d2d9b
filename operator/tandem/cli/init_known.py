"""What a user tells ``tandem init`` of a model: by options, or asked for on a terminal."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from tandem.api.names import MAX_NAME_LENGTH
from tandem.api.spec import Owner
from tandem.cli.folder import write_new
from tandem.cli.values import refuse
from tandem.drafts.commented import plain_yaml
from tandem.drafts.deployment import Draft, deployment_yaml, yaml_of_side

NAME: Final = re.compile(rf"^[a-z]([-a-z0-9]{{0,{MAX_NAME_LENGTH - 2}}}[a-z0-9])?$")

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """Options that are the same whatever the draft is made from; None for what was not given."""

    name: str | None = None
    purpose: str | None = None
    owner: str | None = None
    engineering: str | None = None
    image: str | None = None
    service: str | None = None
    latency: Sequence[str] = ()
    gateway: str | None = None
    host: str | None = None
    path: str | None = None

    def checked_name(self, default: str | None) -> str:
        """Return the model's name, or end the command where none fits."""
        name = self.name or default or asked("Name of the model, such as fraud", "--name")
        if not NAME.match(name):
            refuse(
                f"{name!r} is no name for a ModelDeployment: a letter first, then lower case letters, digits or '-', "
                f"at most {MAX_NAME_LENGTH} characters; give one with --name"
            )
        return name

    def owners(self) -> Spec:
        """Return the owners; one is asked for where none was given."""
        given = {"dataScience": ("--owner", self.owner), "engineering": ("--engineering", self.engineering)}
        if self.owner is None and self.engineering is None:
            given["dataScience"] = (
                "--owner",
                asked("Team that owns it, and how to reach it (risk=risk@example.com)", "--owner"),
            )
        return {side: _owner(option, text) for side, (option, text) in given.items() if text is not None}

    def latency_objectives(self) -> Spec:
        """Return the latency objectives by name."""
        objectives = {}
        for text in self.latency:
            name, separator, duration = text.partition("=")
            if (
                not separator
                or name not in ("p50", "p90", "p95", "p99")
                or not re.fullmatch(r"([0-9]+(ms|s|m))+", duration)
            ):
                raise typer.BadParameter(
                    f"{text!r}: give p50, p90, p95 or p99, as in p99=150ms", param_hint="--latency"
                )
            objectives[name] = duration
        return objectives

    def traffic(self, name: str) -> Spec:
        """Return spec.traffic; empty without a gateway."""
        if self.gateway is None:
            if self.host or self.path:
                refuse("--host and --path are those of a gateway: name it too, with --gateway namespace/name")
            return {}
        namespace, _, gateway = self.gateway.rpartition("/")
        parent = {"name": gateway} | ({"namespace": namespace} if namespace else {})
        hosts = {"hostnames": [self.host]} if self.host else {}
        return {"gateway": {"parentRefs": [parent], **hosts, "path": self.path or f"/{name}"}}


@dataclass(frozen=True, slots=True)
class Target:
    """Where the files go, and how many."""

    folder: Path | None = None
    two_files: bool = False
    force: bool = False

    def write(self, draft: Draft, manifests: dict[str, str], others: dict[str, str]) -> Path:
        """Write the draft, the manifests that belong to it and other files; return the folder."""
        folder = self.folder or Path(draft.name)
        write_new(folder, {**files_of(draft, manifests, two_files=self.two_files), **others}, force=self.force)
        return folder

    def apply_words(self, folder: Path) -> str:
        """Return the command that applies what was written."""
        return f"kubectl apply {'-k' if self.two_files else '-f'} {folder}"


def files_of(draft: Draft, manifests: dict[str, str], *, two_files: bool) -> dict[str, str]:
    """Return the manifests by file name: one ModelDeployment, or a part for each team that kustomize puts together."""
    if not two_files:
        return {"model.yaml": deployment_yaml(draft), **manifests}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["data-science.yaml", *manifests],
        "patches": [{"path": "engineering.yaml"}],
    }
    return {
        "data-science.yaml": yaml_of_side(draft, "dataScience"),
        "engineering.yaml": yaml_of_side(draft, "engineering"),
        "kustomization.yaml": plain_yaml(kustomization),
        **manifests,
    }


def codeowners(folder: Path, owners: Spec) -> str:
    """Return the lines of a CODEOWNERS file that give each team its own file."""
    sides = {"dataScience": "data-science.yaml", "engineering": "engineering.yaml"}
    return "\n".join(
        f"  /{folder}/{file}  @{owners[side]['team'] if side in owners else 'TEAM'}" for side, file in sides.items()
    )


def _owner(option: str, text: str) -> Spec:
    team, separator, contact = (part.strip() for part in text.partition("="))
    if not (separator and team and contact):
        raise typer.BadParameter(
            f"{text!r}: give the team and its contact, as in risk=risk@example.com", param_hint=option
        )
    return Owner(team=team[:100], contact=contact[:253]).to_dict()


def on_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def asked(question: str, option: str) -> str:
    """Ask on a terminal; elsewhere end the command and name the option."""
    if not on_terminal():
        refuse(f"{option} is missing, and there is no terminal to ask on: {question}")
    answer: str = typer.prompt(question)
    return answer.strip()
