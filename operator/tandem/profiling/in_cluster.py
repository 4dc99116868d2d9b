"""Measuring in a cluster: a Job is made, its meter listened to, and the Job removed whatever happens."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from tandem.api.profile import Profile
from tandem.cluster.client import Cluster
from tandem.cluster.errors import ClusterBusy, ClusterError, NotFound
from tandem.cluster.kinds import CONFIG_MAP, JOB, POD, Object
from tandem.manifests.configs import ConfigContent
from tandem.manifests.profile_job import METER, owned
from tandem.profiling.errors import ProfilingFailed
from tandem.profiling.measure import Progress
from tandem.profiling.meter import said

LOOK_EVERY: Final = 1.5
"""Seconds between two looks at the pod and its meter."""

GONE_SECONDS: Final = 40.0
POD_SECONDS: Final = 30.0
"""Longest until there is a pod at all: a quota or a rule may keep it from being made, and only its Job is told."""

HOPELESS: Final = frozenset({"ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
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
    live = await cluster.create(job)
    try:
        for manifest in mounted:
            await cluster.create(owned(live, manifest))
        async with asyncio.timeout(seconds):
            return await _listen(cluster, live["metadata"]["namespace"], live["metadata"]["name"], told)
    except TimeoutError as error:
        raise ProfilingFailed(f"it was not over within {seconds:.0f} s; its pod and its rows were removed") from error
    finally:
        await asyncio.shield(_remove(cluster, live))


async def _listen(cluster: Cluster, namespace: str, job: str, told: Told) -> Profile:
    began, last = time.monotonic(), None
    while True:
        pods = (await cluster.list(POD, namespace, f"batch.kubernetes.io/job-name={job}")).items
        if pods:
            log = await _log(cluster, pods[0])
            heard = said(log)
            if heard.profile is not None:
                return heard.profile
            if heard.failed is not None:
                raise ProfilingFailed(heard.failed)
            if heard.progress is not None and heard.progress != last:
                last = heard.progress
                told(last)
            _check(pods[0], log, told if last is None else lambda _: None)
        elif time.monotonic() - began > POD_SECONDS:
            raise ProfilingFailed(
                f"Job {job} has no pod after {POD_SECONDS:.0f} s: a quota, or a rule of the namespace?"
            )
        await asyncio.sleep(LOOK_EVERY)


async def _log(cluster: Cluster, pod: Object) -> str:
    """Return the end of the meter's log; nothing while its container has none."""
    state = _states(pod).get(METER, {})
    if not state.keys() & {"running", "terminated"}:
        return ""
    meta = pod["metadata"]
    try:
        return await cluster.pod_log_tail(meta["namespace"], meta["name"], METER, lines=20, max_bytes=LOG_BYTES)
    except (ClusterBusy, NotFound):
        return ""  # not there yet, or the node is busy: at the next look


def _check(pod: Object, log: str, told: Told) -> None:
    """Raise `ProfilingFailed` where it will never come to a profile; else tell what the pod waits for."""
    for name, state in _states(pod).items():
        waiting, ended = state.get("waiting", {}), state.get("terminated")
        if waiting.get("reason") in HOPELESS:
            raise ProfilingFailed(f"container {name} has no image: {waiting['reason']}: {waiting.get('message', '')}")
        if name == METER and ended is not None:
            last = (log.splitlines() or ["it said nothing"])[-1][:300]
            raise ProfilingFailed(f"the meter ended too soon ({ended.get('reason')}): {last}")
    scheduled: Object = next(
        (each for each in pod["status"].get("conditions", []) if each["type"] == "PodScheduled"), {}
    )
    if scheduled.get("status") == "False":
        told(Progress(0.0, f"waiting for room on a node: {scheduled.get('message', '')}"))
    else:
        told(Progress(0.0, "waiting for its pod"))


def _states(pod: Mapping[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("state", {}) for each in pod.get("status", {}).get("containerStatuses", [])}


async def _remove(cluster: Cluster, job: Object) -> None:
    """Delete the Job with all that it owns, and wait until its pod is gone: the measured resources are free then."""
    meta = job["metadata"]
    try:
        await cluster.delete(JOB, meta["namespace"], meta["name"], meta["uid"], "Foreground")
        async with asyncio.timeout(GONE_SECONDS):
            while True:
                await cluster.get(JOB, meta["namespace"], meta["name"])
                await asyncio.sleep(LOOK_EVERY)
    except NotFound:
        return
    except (ClusterError, TimeoutError):
        return  # Kubernetes ends it after its deadline, and removes it some time after that
