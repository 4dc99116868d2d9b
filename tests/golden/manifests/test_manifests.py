"""From a ModelDeployment to every object that Tandem makes of it, as YAML that a reviewer can read.

``TANDEM_UPDATE_GOLDEN=1 pytest tests/golden/manifests`` writes the expected files anew; read the difference then.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.api.objects import parse_deployment, parse_revision
from tandem.manifests.budget import budget_manifest
from tandem.manifests.config import config_manifests
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import declare
from tandem.manifests.edges import edges
from tandem.manifests.revision import revision_manifest
from tandem.manifests.route import route_manifest
from tandem.manifests.service import cluster_service_manifest, revision_service_manifest
from tandem.manifests.text import from_yaml, to_yaml
from tandem.manifests.workload import deployment_manifest

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("case", sorted(path.stem.removesuffix(".in") for path in CASES.glob("*.in.yaml")))
def test_manifests_are_as_expected(case: str) -> None:
    made = "---\n".join(to_yaml(manifest) for manifest in _manifests(CASES / f"{case}.in.yaml"))
    expected = CASES / f"{case}.out.yaml"
    if os.environ.get("TANDEM_UPDATE_GOLDEN") == "1":
        expected.write_text(made)
    assert made == expected.read_text(), (
        f"read the difference, then TANDEM_UPDATE_GOLDEN=1 pytest {Path(__file__).parent.name}"
    )


def test_what_is_made_reads_as_kubernetes_would_read_it() -> None:
    """YAML 1.1 has traps (on, 1e3, 012): an independent reader gets the same objects from the text."""
    for path in CASES.glob("*.in.yaml"):
        for manifest in _manifests(path):
            text = to_yaml(manifest)
            assert from_yaml(text) == manifest == yaml.load(text, Loader=yaml.SafeLoader)


def _manifests(source: Path) -> list[dict[str, Any]]:
    body, *config_maps = yaml.safe_load_all(source.read_text())
    md = parse_deployment(body)
    configs = {each["metadata"]["name"]: ConfigContent.of(each) for each in config_maps}
    created = revision_manifest(md, declare(md.spec, configs), 1, edges(md.spec.requirements))
    revision = parse_revision({**created, "metadata": {**created["metadata"], "uid": "uid-of-the-revision"}})
    manifests = [
        created,
        *config_manifests(revision),
        deployment_manifest(revision, md.spec.serving.replicas.min),
        revision_service_manifest(revision),
        budget_manifest(revision),
        cluster_service_manifest(md, revision.metadata.name),
    ]
    if md.spec.traffic.gateway:
        manifests.append(route_manifest(md, {revision.metadata.name: 100}))
    return manifests
