"""A small ModelDeployment to vary, and revisions made of it as the operator makes them."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, ModelRevision, parse_deployment, parse_revision
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import declare
from tandem.manifests.edges import edges
from tandem.manifests.revision import revision_manifest

MakeDeployment = Callable[..., ModelDeployment]
MakeRevision = Callable[..., ModelRevision]


@pytest.fixture
def deployment() -> MakeDeployment:
    """Return a maker of deployments: the sections given are laid over the smallest spec."""

    def make(**sections: Mapping[str, Any]) -> ModelDeployment:
        owner = {"team": "risk-models", "contact": "risk-models@example.com"}
        spec: dict[str, Any] = {"owners": {"dataScience": owner}, "model": {"image": "registry.example.com/fraud:1"}}
        for name, section in sections.items():
            spec[name] = {**spec.get(name, {}), **section}
        metadata = {"name": "fraud", "namespace": "payments", "uid": "uid-of-fraud", "generation": 1}
        return parse_deployment({"metadata": metadata, "spec": spec})

    return make


@pytest.fixture
def revision() -> MakeRevision:
    """Return a maker of the revisions that Tandem makes of a deployment."""

    def make(md: ModelDeployment, configs: Mapping[str, ConfigContent] | None = None, number: int = 1) -> ModelRevision:
        declared = declare(md.spec, configs or {})
        manifest = revision_manifest(md, declared, number, edges(md.spec.requirements))
        manifest["metadata"]["uid"] = f"uid-of-r{number}"
        return parse_revision(manifest)

    return make
