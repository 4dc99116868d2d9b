"""What ``tandem lint`` finds: ModelDeployments of files with their profiles and what ran before, and every finding."""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tandem.api.objects import ModelDeployment
from tandem.api.spec import Tier
from tandem.cli import lint_sarif, lint_stories, lint_text
from tandem.cli.documents import STDIN, Document, InvalidFile, parse_documents, read_documents
from tandem.cli.files import DRAFTED_PROFILE, Problem, parsed
from tandem.contract import contract_of
from tandem.readiness import Before, Facts, Finding, ProfileRead, Severity, examine, read_profile

GIT_SECONDS: Final = 30.0
MANIFESTS: Final = frozenset({".yaml", ".yml", ".json"})
KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
Name = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Linted:
    """One ModelDeployment of a file: what was found, or why it cannot be read at all."""

    document: Document
    deployment: ModelDeployment | None
    problems: Sequence[Problem]
    findings: Sequence[Finding]

    @property
    def name(self) -> str:
        """Namespace and name as people write them."""
        namespace = self.document.part("metadata").get("namespace")
        return f"{namespace}/{self.document.name}" if namespace else self.document.name


def files_of(paths: Iterable[str]) -> list[str]:
    """Return the files that are meant: a folder stands for the manifests in it. Raises `InvalidFile`."""
    found = []
    for path in paths:
        folder = Path(path)
        if path == STDIN or not folder.is_dir():
            found.append(path)
            continue
        if any((folder / name).is_file() for name in KUSTOMIZATIONS):
            raise InvalidFile(f"{path}: its files are parts; put them together: kustomize build {path} | tandem lint -")
        inside = sorted(str(each) for each in folder.iterdir() if each.suffix in MANIFESTS and each.is_file())
        if not inside:
            raise InvalidFile(f"{path}: holds no manifest ({', '.join(sorted(MANIFESTS))})")
        found += inside
    return found


def lint(files: Iterable[str], earlier: Mapping[Name, Before] | None, tier: Tier | None, today: date) -> list[Linted]:
    """Check every ModelDeployment in the files. ``earlier``: what ran before, by name; None if nobody has looked.

    Raises `InvalidFile` for a file that cannot be read; an object that is not in order is a problem of its own.
    """
    documents = [document for path in files for document in read_documents(path)]
    configs = {(each.namespace, each.name): each for each in documents if each.kind == "ConfigMap"}
    return [_linted(each, configs, earlier, tier, today) for each in documents if each.is_deployment]


def _linted(
    document: Document,
    configs: Mapping[Name, Document],
    earlier: Mapping[Name, Before] | None,
    tier: Tier | None,
    today: date,
) -> Linted:
    deployment, problems = parsed(document)
    if deployment is None:
        return Linted(document, None, problems, ())
    if tier is not None:
        deployment = deployment.with_changes(spec=deployment.spec.with_changes(tier=tier))
    ran = None if earlier is None else earlier.get((document.namespace, document.name))
    facts = Facts(
        deployment,
        today,
        _profile(document.path, deployment, configs),
        before=ran,
        first=None if earlier is None else ran is None,
    )
    return Linted(document, deployment, (), examine(facts))


def _profile(path: str, deployment: ModelDeployment, configs: Mapping[Name, Document]) -> ProfileRead:
    name = deployment.spec.profile
    if name is None:
        return ProfileRead()
    found = configs.get((deployment.metadata.namespace, name)) or _beside(path, name)
    if found is None:
        return ProfileRead(unread="is not among the files: give the file that it is in, too")
    return read_profile(found.body)


def _beside(path: str, name: str) -> Document | None:
    """Return the ConfigMap from where `tandem profile` or `tandem init` writes it: a file beside that of the model."""
    if path == STDIN:
        return None
    files = [file for name_ in (f"{name}.yaml", DRAFTED_PROFILE) if (file := Path(path).parent / name_).is_file()]
    documents = (each for file in files for each in read_documents(str(file)))
    return next((each for each in documents if (each.kind, each.name) == ("ConfigMap", name)), None)


def before(files: Iterable[str], against: str) -> dict[Name, Before]:
    """Return what ran before, by name: from a file, or from the same paths at a Git revision. Raises `InvalidFile`."""
    if Path(against).is_file():
        documents = read_documents(against)
    else:
        documents = [document for path in files for document in _at_revision(path, against)]
    found = {}
    for document in documents:
        if document.is_deployment:
            deployment, problems = parsed(document)
            if deployment is None:
                raise InvalidFile(f"{problems[0]} (this is what is compared with: {against})")
            spec = deployment.spec
            found[document.namespace, document.name] = Before(spec.model.image, contract_of(spec))
    return found


def _at_revision(path: str, revision: str) -> list[Document]:
    """Return what a file held at a revision; nothing if it was not there yet."""
    if path == STDIN:
        raise InvalidFile(f"--against {revision}: standard input has no path in Git; give a file to compare with")
    folder, name = str(Path(path).parent), Path(path).name
    if revision.startswith("-") or not _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"):
        raise InvalidFile(f"--against {revision}: is no file, and no revision of the Git repository of {path}")
    if not _git(folder, "ls-tree", "--name-only", revision, "--", name):
        return []
    return parse_documents(f"{revision}:{path}", _git(folder, "show", f"{revision}:./{name}") or "")


def _git(folder: str, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words],
            capture_output=True,
            check=False,
            timeout=GIT_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout.decode() if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise InvalidFile(f"git {words[0]} in {folder}: {error}") from error


def write(found: Sequence[Linted], output: str) -> str:
    """Return all of it as text, json, sarif or stories."""
    writers = {"text": lint_text.text, "json": lint_text.as_json, "sarif": lint_sarif.sarif}
    return writers.get(output, lint_stories.stories)(found)


def exit_code(found: Iterable[Linted], fail_on: str) -> int:
    """Return 2 for an object that is not in order, 1 for a finding of at least that severity, 0 otherwise."""
    models = list(found)
    if any(model.problems for model in models):
        return 2
    least = Severity(fail_on.capitalize()).rank
    return int(any(each.counts and each.severity.rank <= least for model in models for each in model.findings))
