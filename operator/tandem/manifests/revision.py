"""The ModelRevision: a declared version, frozen together with everything that was rendered for it."""

from collections.abc import Iterable
from typing import Any

from tandem.api.names import API_VERSION, MODEL_REVISION, revision_name
from tandem.api.objects import ModelDeployment
from tandem.api.revision import ModelRevisionSpec
from tandem.manifests import declared as declared_module
from tandem.manifests.bento import own_files
from tandem.manifests.configs import copies, write_copies
from tandem.manifests.declared import Declared
from tandem.manifests.fields import IMAGE_FIELD
from tandem.manifests.labels import metadata_of_deployment, revision_labels
from tandem.manifests.template import pod_template
from tandem.manifests.text import to_yaml


def revision_manifest(md: ModelDeployment, declared: Declared, number: int, edges: Iterable[float]) -> dict[str, Any]:
    """Return a new ModelRevision of a deployment, to be created and never applied again.

    ``edges`` are those of ``tandem.manifests.edges.edges``, in seconds.
    """
    name = revision_name(md.metadata.name, number)
    config_maps = copies(name, declared.contents, own_files(declared.effective, edges))
    template = pod_template(md.metadata.name, name, declared.effective, config_maps)
    spec = ModelRevisionSpec(
        number=number,
        image=declared.effective[IMAGE_FIELD],
        declared=declared.to_yaml(),
        defaulted=sorted(declared.defaulted),
        configs=write_copies(config_maps),
        template=to_yaml(template),
        renderer=declared_module.RENDERER,
        decision=None,
    )
    metadata = metadata_of_deployment(md, name)
    metadata["labels"] = revision_labels(md.metadata.name, name)
    return {"apiVersion": API_VERSION, "kind": MODEL_REVISION, "metadata": metadata, "spec": spec.to_dict()}
