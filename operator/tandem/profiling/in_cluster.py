"""Measuring in a cluster: a Job is made, its meter listened to, and the Job removed whatever happens."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from tandem.api.profile import Profile
from tandem.cluster.client import Cluster
from tandem.cluster.errors import ClusterBusy, ClusterError, NotFound
from tandem.cluster.kinds import CONFIG_MAP, JOB, POD, Object, kind_of
from tandem.cluster.observe import condition, container_state
from tandem.manifests.configs import ConfigContent
from tandem.manifests.profile_job import METER, owned
from tandem.manifests.template import CONTAINER
from tandem.profiling.bento import last_words
from tandem.profiling.errors import ProfilingFailed
from tandem.profiling.measure import Progress
from tandem.profiling.meter import Said, said

LOOK_EVERY: Final = 1.5
"""Seconds between two looks at the pod and its meter."""

GONE_SECONDS: Final = 40.0
POD_SECONDS: Final = 30.0
"""Longest until there is a pod at all: a quota or a rule may keep it from being made, and only its Job is told."""

HOPELESS: Final = frozenset(
    {"CreateContainerConfigError", "ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"}
)
"""What a container waits for in vain, unless somebody does something: an image, or a Secret of its environment."""

LOG_BYTES: Final = 64 * 1024

Told = Callable[[Progress], None]


async def contents_of(cluster: Cluster, namespace: str, names: list[str]) -> dict[str, ConfigContent]:
    """Return the ConfigMaps that the version mounts. Raises ``ClusterError``."""
    return {name: ConfigContent.of(await cluster.get(CONFIG_MAP, namespace, name)) for name in names}


async def profile_in_cluster(
    cluster: Cluster, job: Object, mounted: list[Object], seconds: float, told: Told
) -> Profile:
    """Make the Job and what its pod mounts, and return what its meter found, within so many seconds.

    Raises `ProfilingFailed` or ``ClusterError``. The Job, its pod and the rows are removed in any case.
    """
    made: list[asyncio.Task[Object]] = []

    async def make(manifest: Object) -> Object:
        # A signal may come while the API server is at it: so each is finished, and known, before anything is removed.
        made.append(asyncio.create_task(cluster.create(manifest)))
        return await asyncio.shield(made[-1])

    try:
        async with asyncio.timeout(seconds):
            live = await make(job)
            for manifest in mounted:
                await make(owned(live, manifest))
            return await _listen(cluster, live["metadata"]["namespace"], live["metadata"]["name"], told)
    except TimeoutError as error:
        raise ProfilingFailed(f"it was not over within {seconds:.0f} s; its pod and its rows were removed") from error
    finally:
        await asyncio.shield(_remove(cluster, made))


async def _listen(cluster: Cluster, namespace: str, job: str, told: Told) -> Profile:
    began, last = time.monotonic(), None
    while True:
        pods = (await cluster.list(POD, namespace, f"batch.kubernetes.io/job-name={job}")).items
        if not pods and time.monotonic() - began > POD_SECONDS:
            raise ProfilingFailed(
                f"Job {job} has no pod: does a quota or a rule of the namespace forbid it, or has somebody deleted it?"
            )
        log = await _log(cluster, pods[0], METER) if pods else None
        if log is not None:
            heard = said(log)
            if heard.profile is not None:
                return heard.profile
            if container_state(pods[0], METER, "terminated") is not None:
                raise ProfilingFailed(await _why(cluster, pods[0], heard, log))
            if heard.progress is not None and heard.progress != last:
                last = heard.progress
                told(last)
        if pods and last is None:
            told(Progress(0.0, _waits_for(pods[0])))
        await asyncio.sleep(LOOK_EVERY)


async def _log(cluster: Cluster, pod: Object, container: str) -> str | None:
    """Return the end of a container's log; None while there is none to be read."""
    if not any(container_state(pod, container, state) is not None for state in ("running", "terminated")):
        return None
    meta = pod["metadata"]
    try:
        return await cluster.pod_log_tail(meta["namespace"], meta["name"], container, lines=20, max_bytes=LOG_BYTES)
    except (ClusterBusy, NotFound):
        return None  # the node is busy: at the next look


async def _why(cluster: Cluster, pod: Object, heard: Said, log: str) -> str:
    """Return why a meter that is over has no profile."""
    if heard.failed is None:
        last = (log.splitlines() or ["it said nothing"])[-1][:300]
        return f"the meter ended too soon; is its image the operator's, of this very version (--meter)? It said: {last}"
    ended = container_state(pod, CONTAINER, "terminated")
    how = "" if ended is None else f" (its container ended: {ended.get('reason')}, code {ended.get('exitCode')})"
    output = await _log(cluster, pod, CONTAINER) if heard.before_rows else None
    return heard.failed + how + last_words(output or "")


def _waits_for(pod: Object) -> str:
    """Return what a pod that does not run yet waits for; raise `ProfilingFailed` where it will never run."""
    for name in (CONTAINER, METER):
        waiting = container_state(pod, name, "waiting") or {}
        if waiting.get("reason") in HOPELESS:
            raise ProfilingFailed(f"container {name} cannot start: {waiting['reason']}: {waiting.get('message', '')}")
    scheduled = condition(pod.get("status", {}), "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return f"waiting for room on a node: {scheduled.get('message', '')}"
    return "waiting for its pod"


async def _remove(cluster: Cluster, made: list[asyncio.Task[Object]]) -> None:
    """Delete all that was made, the Job first, and wait until its pod is gone: the measured resources are free then.

    What cannot be deleted now Kubernetes removes: the Job ends by its deadline, and takes with it what it owns.
    """
    found = [each for each in await asyncio.gather(*made, return_exceptions=True) if isinstance(each, dict)]
    for each in found:
        meta = each["metadata"]
        with contextlib.suppress(ClusterError):
            await cluster.delete(kind_of(each), meta["namespace"], meta["name"], meta["uid"], "Foreground")
    with contextlib.suppress(ClusterError, TimeoutError):
        async with asyncio.timeout(GONE_SECONDS):
            while found:
                await cluster.get(JOB, found[0]["metadata"]["namespace"], found[0]["metadata"]["name"])
                await asyncio.sleep(LOOK_EVERY)
