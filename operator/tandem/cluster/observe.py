"""Reading the cluster's objects into the values that a decision is made from. Pure: the objects come from the cache."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from tandem.api.names import MODEL_REVISION, REVISION_LABEL
from tandem.api.objects import ModelRevision
from tandem.cluster.ownership import speaks_for
from tandem.manifests.labels import deployment_of
from tandem.manifests.template import CONTAINER
from tandem.rollout.observation import QUOTA_EXCEEDED, PodState, RevisionState, Trouble

STARTUP_FAILED: Final = "Application startup failed"

Body = Mapping[str, Any]
"""An object as the API server sends it."""

_IMAGE_REASONS: Final = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
    }
)


def revision_states(
    revisions: Iterable[ModelRevision],
    deployments: Iterable[Body],
    pods: Iterable[Body],
    last_lines: Mapping[str, str],
    drained: frozenset[str],
) -> dict[str, RevisionState]:
    """Return the state of each revision by name.

    ``last_lines`` holds the last telling log line by pod uid, ``drained`` the revisions without requests in progress.
    """
    by_name = {deployment["metadata"]["name"]: deployment for deployment in deployments}
    by_revision: dict[str, list[Body]] = {}
    for pod in pods:
        by_revision.setdefault(pod["metadata"].get("labels", {}).get(REVISION_LABEL, ""), []).append(pod)
    states = {}
    for revision in revisions:
        name = revision.metadata.name
        state = _revision_state(revision, by_name.get(name), by_revision.get(name, []), last_lines)
        states[name] = replace(state, drained=name in drained)
    return states


def _revision_state(
    revision: ModelRevision, live: Body | None, labelled: list[Body], last_lines: Mapping[str, str]
) -> RevisionState:
    """Return the state of a revision whose name ``live`` has, and the pods that are ``labelled`` with it."""
    meta = revision.metadata
    deployment = live
    if live is not None and not speaks_for(live, MODEL_REVISION, meta.name, meta.uid, deployment_of(revision)):
        deployment, labelled = None, []
    own = _own_pods(revision, deployment, labelled)
    ended = [pod for pod in own if _has_ended(pod)]
    pods = [pod_state(pod, last_lines.get(pod["metadata"]["uid"])) for pod in own if not _has_ended(pod)]
    by_pod_name = tuple(sorted(pods, key=lambda pod: pod.name))
    return RevisionState(
        revision=revision,
        workload=deployment is not None,
        wanted=int(deployment["spec"].get("replicas", 1)) if deployment else 0,
        pods=by_pod_name,
        trouble=_first_trouble(deployment, by_pod_name) or (_ended(ended[-1]) if ended else None),
    )


def _own_pods(revision: ModelRevision, deployment: Body | None, labelled: list[Body]) -> list[Body]:
    """Leave out a predecessor's pods: until Kubernetes has removed them they carry the same labels, and answer.

    They are older than the revision. So are those of a restored backup: these its Deployment has taken over and counts.
    """
    made = revision.metadata.creation_timestamp
    counted = int((deployment or {}).get("status", {}).get("replicas") or 0)
    alive = sum(1 for pod in labelled if not _has_ended(pod) and "deletionTimestamp" not in pod["metadata"])
    if made is None or 0 < alive <= counted:
        return labelled
    return [pod for pod in labelled if (moment(pod["metadata"].get("creationTimestamp")) or made) >= made]


def _has_ended(pod: Body) -> bool:
    return pod.get("status", {}).get("phase") in ("Failed", "Succeeded")


def _first_trouble(deployment: Body | None, pods: tuple[PodState, ...]) -> Trouble | None:
    """Trouble of a pod comes first: it is nearer to the cause than what the Deployment says about it."""
    troubles = [pod.trouble for pod in pods if pod.trouble is not None and not pod.terminating]
    if troubles:
        return next((trouble for trouble in troubles if trouble.own_fault), troubles[0])
    return deployment_trouble(deployment) if deployment is not None else None


def _ended(pod: Body) -> Trouble:
    """A pod that was evicted or whose node went: its Deployment makes another, and nobody removes this one."""
    status = pod["status"]
    message = status.get("message") or "it has ended, and its Deployment makes another"
    return Trouble(status.get("reason") or "PodEnded", f"pod {pod['metadata']['name']}: {message}")


def deployment_trouble(deployment: Body) -> Trouble | None:
    """Return why pods cannot even be created: a quota, an admission refusal."""
    failure = condition(deployment.get("status", {}), "ReplicaFailure")
    if failure is None or failure["status"] != "True":
        return None
    reason = QUOTA_EXCEEDED if "exceeded quota" in failure.get("message", "") else "PodsRefused"
    return Trouble(reason, failure.get("message", "its pods cannot be created"))


def pod_state(pod: Body, last_line: str | None) -> PodState:
    """Return the state of one pod; ``last_line`` is the last telling line of its log, if it was read."""
    meta, status = pod["metadata"], pod.get("status", {})
    container = _container(pod, CONTAINER) or {}
    ready = condition(status, "Ready")
    is_ready = bool(ready and ready["status"] == "True")
    since = moment(ready.get("lastTransitionTime")) if ready else None
    created = moment(meta.get("creationTimestamp"))
    exit_ = _last_exit(container)
    trouble = _pod_trouble(meta["name"], status, container, last_line)
    return PodState(
        name=meta["name"],
        uid=meta["uid"],
        ip=status.get("podIP"),
        ready=is_ready,
        terminating="deletionTimestamp" in meta,
        created=created,
        ready_since=since if is_ready else None,
        restarts=int(container.get("restartCount", 0)),
        last_exit=moment(exit_.get("finishedAt")) if exit_ else None,
        failing_since=None if is_ready else _failing_since(container, since or created, trouble),
        image_id=container.get("imageID") or None,
        trouble=trouble,
    )


def _failing_since(container: Body, unready: datetime | None, trouble: Trouble | None) -> datetime | None:
    """Return since when a container that has begun to run, as far as is known, is not ready.

    A container that cannot even be started by its own fault has failed for as long as its pod was not ready.
    """
    phases = (container.get("state", {}), container.get("lastState", {}))
    starts = [moment(part.get("startedAt")) for phase in phases for part in phase.values() if part]
    known = [start for start in starts if start is not None]
    if known:
        return max(min(known), unready) if unready else min(known)
    return unready if trouble is not None and trouble.own_fault else None


def _last_exit(container: Body) -> Body | None:
    terminated = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated")
    return terminated if isinstance(terminated, Mapping) else None


def _pod_trouble(name: str, status: Body, container: Body, last_line: str | None) -> Trouble | None:
    said = f'; its log says: "{last_line}"' if last_line else ""
    waiting = container.get("state", {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in _IMAGE_REASONS:
        return Trouble(reason, f"pod {name}: {waiting.get('message') or 'its image cannot be pulled'}")
    if reason == "CreateContainerConfigError":
        return Trouble(reason, f"pod {name}: {waiting.get('message', 'something that it refers to is missing')}")
    exit_ = _last_exit(container)
    if exit_ is not None and not container.get("ready", False):
        killed = exit_.get("reason") == "OOMKilled"  # its log knows nothing of that
        what = "was killed for using more memory than its limit" if killed else "exited"
        code, quoted = exit_.get("exitCode", "?"), "" if killed else said
        return Trouble(
            exit_.get("reason") or "Exited", f"pod {name}: its container {what} (exit code {code}){quoted}", True
        )
    if reason in ("CreateContainerError", "RunContainerError"):
        return Trouble(reason, f"pod {name}: {waiting.get('message', 'its container cannot be started')}", True)
    scheduled = condition(status, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return Trouble(
            scheduled.get("reason", "Unschedulable"), f"pod {name}: {scheduled.get('message', 'no node takes it')}"
        )
    if container.get("state", {}).get("running") and not container.get("ready", False):
        return Trouble("NotReady", f"pod {name} runs and is not ready yet{said}", True)
    return None


def condition(status: Body, type_: str) -> Body | None:
    """Return a condition of an object's status; None where it has none of this type."""
    return next((each for each in status.get("conditions") or () if each["type"] == type_), None)


def container_state(pod: Body, container: str, state: str) -> Body | None:
    """Return what a pod's status says of a container in this state; None where it is in another."""
    states = (_container(pod, container) or {}).get("state") or {}
    found: Body | None = states.get(state)
    return found


def _container(pod: Body, name: str) -> Body | None:
    """Return what a pod's status says of a container: others may have been put beside it, and stand first."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((each for each in statuses if each["name"] == name), None)


def moment(text: str | None) -> datetime | None:
    """Return a Kubernetes timestamp as a time in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC) if text else None


_GROUP_FRAME: Final = re.compile(r"^\s+\| ?")
_NAMED: Final = re.compile(r"^[A-Za-z_][\w.]*(: .*)?$")


def telling_line(log: str) -> str | None:
    """Return the line of a log that says best why a process failed: the last exception, or else the last line.

    A Python traceback ends with the exception; BentoML follows it with lines that say only that start-up failed, and
    after two tries with a traceback of its own process manager: what counts stands before.
    """
    lines = [_GROUP_FRAME.sub("", line).rstrip() for line in log.splitlines() if line.strip()]
    failed = [number for number, line in enumerate(lines) if STARTUP_FAILED in line]
    if failed and _exceptions(lines[: failed[-1]]):
        lines = lines[: failed[-1]]
    chosen = next(reversed(_exceptions(lines)), lines[-1].strip() if lines else None)
    return chosen[:300] if chosen else None


def _exceptions(lines: list[str]) -> list[str]:
    """Return the lines that end a traceback, and those that look as if they did where its head was cut off."""
    found, inside = [], False
    for line in lines:
        if "Traceback (most recent call last)" in line:
            inside = True
        elif inside and not line[0].isspace():
            inside = False
            if _NAMED.match(line):
                found.append(line)
        elif not inside and _looks_like_exception(line):
            found.append(line.strip())
    return found


def _looks_like_exception(line: str) -> bool:
    head = line.strip().split(":", 1)[0].rsplit(".", 1)[-1]
    return head.isidentifier() and head.endswith(("Error", "Exception", "Exit", "Interrupt"))
