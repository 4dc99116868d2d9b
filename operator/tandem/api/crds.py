"""The CustomResourceDefinitions, made from the typed models: ``python -m tandem.api.crds`` writes them to ``crds/``."""

import argparse
import inspect
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from tandem.api import names
from tandem.api.base import ApiModel
from tandem.api.marks import rules
from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.api.revision import ModelRevisionSpec, ModelRevisionStatus
from tandem.api.schema import Schema, structural_schema
from tandem.api.spec import ModelDeploymentSpec
from tandem.api.status import ModelDeploymentStatus

FOLDERS: Final = (Path("crds"), Path("charts/tandem/files/crds"))
"""Where the definitions are kept: for people who use kubectl, and for the chart, which can only read its own files."""

_NAME_RULES: Final = rules(
    (
        f"self.metadata.name.size() <= {names.MAX_NAME_LENGTH}",
        f"the name may have at most {names.MAX_NAME_LENGTH} characters: what Tandem makes for it is named after it",
    ),
    (
        "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        "the name needs a letter first, then lower case letters, digits or '-': its Service is called the same",
    ),
)


def definitions() -> dict[str, dict[str, Any]]:
    """Return each CustomResourceDefinition by the name of its file."""
    deployment = _definition(
        names.MODEL_DEPLOYMENT,
        {
            "plural": "modeldeployments",
            "singular": "modeldeployment",
            "shortNames": ["md"],
            "categories": ["all", "tandem"],
        },
        {**_schema(ModelDeployment, ModelDeploymentSpec, ModelDeploymentStatus), **_NAME_RULES},
        [
            _column("Stable", ".status.stable.revision"),
            _column("Candidate", ".status.candidate.revision"),
            _column("Weight", ".status.candidate.weight", kind="integer"),
            _column("Phase", ".status.phase"),
            _column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            _column("Age", ".metadata.creationTimestamp", kind="date"),
            _column("Waiting for", ".status.waitingFor.what", wide=True),
            _column("URL", ".status.url", wide=True),
            _column("Image", ".spec.model.image", wide=True),
        ],
    )
    revision = _definition(
        names.MODEL_REVISION,
        {"plural": "modelrevisions", "singular": "modelrevision", "shortNames": ["mrev"], "categories": ["tandem"]},
        _schema(ModelRevision, ModelRevisionSpec, ModelRevisionStatus),
        [
            _column("Image", ".spec.image"),
            _column("Phase", ".status.phase"),
            _column("Weight", ".status.weight", kind="integer"),
            _column("Ready", ".status.readyReplicas", kind="integer"),
            _column("Reason", ".status.reason"),
            _column("Age", ".metadata.creationTimestamp", kind="date"),
            _column("Message", ".status.message", wide=True),
        ],
    )
    return {"modeldeployments.yaml": deployment, "modelrevisions.yaml": revision}


def rendered() -> dict[str, str]:
    """Return the content of each file: a pure function of the models."""
    return {file: f"{_HEADER}{_to_yaml(definition)}" for file, definition in definitions().items()}


_HEADER: Final = "# Generated from operator/tandem/api by `make crds`; edit the models instead.\n"


def _definition(kind: str, words: dict[str, Any], schema: Schema, columns: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{words['plural']}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "names": {"kind": kind, "listKind": f"{kind}List", **words},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": columns,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


def _schema(kind: type[ApiModel], spec: type[ApiModel], status: type[ApiModel]) -> Schema:
    """Return the schema of a whole object; its metadata is the API server's business."""
    return {
        "type": "object",
        "description": inspect.getdoc(kind),
        "properties": {
            "apiVersion": {"type": "string", "description": f"{names.API_VERSION}."},
            "kind": {"type": "string", "description": f"{kind.__name__}."},
            "metadata": {"type": "object"},
            "spec": structural_schema(spec),
            "status": structural_schema(status),
        },
        "required": ["spec"],
    }


def _column(name: str, path: str, *, kind: str = "string", wide: bool = False) -> dict[str, Any]:
    return {"name": name, "type": kind, "jsonPath": path, **({"priority": 1} if wide else {})}


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Never write anchors: in a manifest they confuse people and some tools."""
        del data
        return True


def _to_yaml(definition: dict[str, Any]) -> str:
    return yaml.dump(definition, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _stale(folders: tuple[Path, ...]) -> list[Path]:
    """Return the files that differ from what the models say, those that should not be there included."""
    wanted = {folder / file: text for folder in folders for file, text in rendered().items()}
    present = {path for folder in folders for path in folder.glob("*.yaml")}
    differing = {path for path, text in wanted.items() if path not in present or path.read_text() != text}
    return sorted(differing | (present - set(wanted)))


def main() -> int:
    """Write the definitions, or with ``--check`` only tell whether the files are what the models say."""
    parser = argparse.ArgumentParser(prog="python -m tandem.api.crds", description=__doc__)
    parser.add_argument(
        "folders", nargs="*", type=Path, default=list(FOLDERS), help="default: crds/ and the chart's copy"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file differs")
    arguments = parser.parse_args()
    folders = tuple(arguments.folders)
    stale = _stale(folders)
    if arguments.check:
        for path in stale:
            print(f"{path} is not what operator/tandem/api says: run `make crds`", file=sys.stderr)
        return 1 if stale else 0
    texts = rendered()
    for path in stale:
        if path.name in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path.name])
        else:
            path.unlink()
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
