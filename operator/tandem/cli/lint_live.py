"""What serves in a cluster, for `tandem lint --against cluster` to compare with: its image and what it promised."""

from collections.abc import Iterable

from tandem.api.contract import Contract
from tandem.api.objects import InvalidObject, parse_deployment, parse_revision
from tandem.cli.access import NOT_COME_ABOUT, end
from tandem.cli.documents import read_deployments
from tandem.cli.linted import Name
from tandem.cluster.client import Cluster
from tandem.cluster.errors import NotFound
from tandem.cluster.kinds import MODEL_DEPLOYMENT, MODEL_REVISION
from tandem.readiness import Before


async def serving(cluster: Cluster, files: Iterable[str], namespace: str) -> dict[Name, Before]:
    """Return what serves of the models in the files, by name; ``namespace``: of those that name none.

    Nothing for a model that is not there, or has no version yet that serves. Raises `InvalidFile` and the errors of
    ``tandem.cluster.errors``.
    """
    found = {}
    for document in read_deployments(files):
        place = document.part("metadata").get("namespace") or namespace
        before = await _before(cluster, str(place), document.name)
        if before is not None:
            found[document.namespace, document.name] = before
    return found


async def _before(cluster: Cluster, namespace: str, name: str) -> Before | None:
    try:
        stable = parse_deployment(await cluster.get(MODEL_DEPLOYMENT, namespace, name)).status.stable
        if stable is None:
            return None
        revision = parse_revision(await cluster.get(MODEL_REVISION, namespace, stable.revision))
    except NotFound:
        return None
    except InvalidObject as error:
        end(NOT_COME_ABOUT, f"what serves of {namespace}/{name} cannot be read: {error}")
    return Before(revision.spec.image, stable.contract or Contract())
