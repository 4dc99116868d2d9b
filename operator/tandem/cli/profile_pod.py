"""``tandem profile --in-cluster``: the declared image measured in a pod with the declared resources."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tandem.api.profile import Profile
from tandem.cli.access import Access
from tandem.cli.profile_subject import Bounds, Subject, shown
from tandem.cluster.client import Cluster
from tandem.cluster.connection import NoCluster
from tandem.cluster.errors import ClusterError
from tandem.manifests.declared import config_maps
from tandem.manifests.errors import DeclarationError
from tandem.manifests.profile_job import profile_job
from tandem.profiling import ProfilingFailed, Progress, Row, ended_by_signals
from tandem.profiling.in_cluster import contents_of, profile_in_cluster
from tandem.profiling.meter import meter_files

PULLED: Final = 120.0
"""Seconds for finding a node and pulling the images, besides what is measured."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where: the cluster and the namespace (None: the file's), and the image of the meter."""

    access: Access
    meter: str


def profile_in_a_pod(place: Place, rows: Sequence[Row], subject: Subject, bounds: Bounds) -> Profile:
    """Measure it in the cluster, or end the command with what is wrong."""
    deployment = subject.deployment
    assert deployment is not None
    if place.access.namespace is not None:
        metadata = deployment.metadata.model_copy(update={"namespace": place.access.namespace})
        deployment = deployment.with_changes(metadata=metadata)
    namespace, spec = deployment.metadata.namespace, deployment.spec
    limits = (spec.serving.resources.limits if spec.serving.resources else None) or {}
    setting = {name: str(limits[name]) if name in limits else None for name in ("cpu", "memory")}

    async def run(told: Callable[[Progress], None]) -> Profile:
        terms = subject.terms(bounds, told)
        files = meter_files(rows, terms, setting, spec.model.image)
        seconds = PULLED + terms.longest
        name = f"{subject.name}-profile-{secrets.token_hex(3)}"
        try:
            connection = await place.access.connection()
            async with ended_by_signals(), Cluster(connection.configuration) as cluster:
                contents = await contents_of(cluster, namespace, config_maps(spec))
                job, mounted = profile_job(deployment, contents, name, place.meter, seconds, files)
                return await profile_in_cluster(cluster, job, mounted, seconds, told)
        except (ClusterError, NoCluster, DeclarationError) as error:
            raise ProfilingFailed(str(error)) from error

    return shown(f"{spec.model.image} in {namespace}", run)
