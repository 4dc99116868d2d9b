"""Pods and Deployments as the API server sends them, read into what decisions are made from."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.api.objects import ModelRevision, parse_revision
from tandem.cluster.observe import moment, pod_state, revision_states, telling_line
from tandem.rollout.observation import RevisionState, Trouble

NAME = "fraud-r2-7d9f-abcde"
CREATED = "2026-03-01T12:00:00Z"


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01T{clock}+00:00")


def condition(type_: str, status: str, when: str = CREATED, **more: str) -> dict[str, str]:
    return {"type": type_, "status": status, "lastTransitionTime": when, **more}


def pod(
    *,
    state: dict[str, Any] | None = None,
    last: dict[str, Any] | None = None,
    ready: bool = False,
    ready_at: str = CREATED,
    revision: str = "fraud-r2",
    name: str = NAME,
    restarts: int = 0,
    **status: Any,
) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "bento",
        "ready": ready,
        "restartCount": restarts,
        "imageID": "sha256:1234",
        "state": state or {},
        "lastState": last or {},
    }
    found: dict[str, Any] = {
        "phase": "Running",
        "podIP": "10.1.2.3",
        "conditions": [condition("PodScheduled", "True"), condition("Ready", str(ready), ready_at)],
        "containerStatuses": [container],
    }
    meta = {
        "name": name,
        "uid": f"uid-{name}",
        "creationTimestamp": CREATED,
        "labels": {"tandem.dev/revision": revision},
    }
    return {"metadata": meta, "status": {**found, **status}}


def running(since: str) -> dict[str, Any]:
    return {"running": {"startedAt": f"2026-03-01T{since}Z"}}


def terminated(code: int, start: str, end: str, reason: str = "Error") -> dict[str, Any]:
    times = {"startedAt": f"2026-03-01T{start}Z", "finishedAt": f"2026-03-01T{end}Z"}
    return {"terminated": {"exitCode": code, "reason": reason, **times}}


def waiting(reason: str, message: str | None = None) -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def test_a_ready_pod() -> None:
    seen = pod_state(pod(state=running("12:00:05"), ready=True, ready_at="2026-03-01T12:00:30Z"), None)
    assert (seen.name, seen.uid, seen.ip) == (NAME, f"uid-{NAME}", "10.1.2.3")
    assert (seen.ready, seen.terminating, seen.restarts, seen.image_id) == (True, False, 0, "sha256:1234")
    assert (seen.created, seen.ready_since) == (at("12:00:00"), at("12:00:30"))
    assert (seen.failing_since, seen.last_exit, seen.trouble) == (None, None, None)


def test_a_pod_that_nobody_has_looked_at_yet() -> None:
    seen = pod_state({"metadata": {"name": "p", "uid": "u", "deletionTimestamp": CREATED}}, None)
    assert not seen.ready
    assert seen.terminating
    assert (seen.ip, seen.created, seen.image_id, seen.trouble, seen.failing_since) == (None, None, None, None, None)


CASES: list[tuple[str, dict[str, Any], str | None, Trouble | None]] = [
    (
        "image cannot be pulled",
        pod(state=waiting("ImagePullBackOff", 'Back-off pulling image "x:1"')),
        None,
        Trouble("ImagePullBackOff", f'pod {NAME}: Back-off pulling image "x:1"'),
    ),
    (
        "image cannot be pulled, no message",
        pod(state=waiting("ErrImagePull")),
        None,
        Trouble("ErrImagePull", f"pod {NAME}: its image cannot be pulled"),
    ),
    (
        "a Secret is missing",
        pod(state=waiting("CreateContainerConfigError", 'secret "fraud-db" not found')),
        None,
        Trouble("CreateContainerConfigError", f'pod {NAME}: secret "fraud-db" not found'),
    ),
    (
        "the command does not exist",
        pod(state=waiting("RunContainerError", "exec: bentoml: not found")),
        None,
        Trouble("RunContainerError", f"pod {NAME}: exec: bentoml: not found", True),
    ),
    (
        "it exits",
        pod(state=waiting("CrashLoopBackOff"), last=terminated(1, "12:00:05", "12:00:09"), restarts=2),
        "KeyError: 'coef'",
        Trouble("Error", f"pod {NAME}: its container exited (exit code 1); its log says: \"KeyError: 'coef'\"", True),
    ),
    (
        "it has just exited",
        pod(state=terminated(2, "12:00:05", "12:00:09")),
        None,
        Trouble("Error", f"pod {NAME}: its container exited (exit code 2)", True),
    ),
    (
        "it is killed for its memory, and runs again",
        pod(state=running("12:01:00"), last=terminated(137, "12:00:05", "12:00:50", "OOMKilled"), restarts=1),
        "Service Fraud initialized",
        Trouble(
            "OOMKilled",
            f"pod {NAME}: its container was killed for using more memory than its limit (exit code 137)",
            True,
        ),
    ),
    (
        "it restarted once and is ready again",
        pod(state=running("12:01:00"), last=terminated(1, "12:00:05", "12:00:50"), ready=True, restarts=1),
        None,
        None,
    ),
    (
        "no node takes it",
        pod(
            phase="Pending",
            containerStatuses=[],
            conditions=[condition("PodScheduled", "False", reason="Unschedulable", message="0/3 nodes: no memory")],
        ),
        None,
        Trouble("Unschedulable", f"pod {NAME}: 0/3 nodes: no memory"),
    ),
    (
        "it raises while loading and goes on running",
        pod(state=running("12:00:05")),
        "KeyError: 'coef'",
        Trouble("NotReady", f"pod {NAME} runs and is not ready yet; its log says: \"KeyError: 'coef'\"", True),
    ),
    ("its image is being pulled", pod(state=waiting("ContainerCreating")), None, None),
]


@pytest.mark.parametrize(("seen", "line", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_trouble_of_a_pod(seen: dict[str, Any], line: str | None, expected: Trouble | None) -> None:
    assert pod_state(seen, line).trouble == expected


FAILING: list[tuple[str, dict[str, Any], datetime | None]] = [
    ("its image is being pulled", pod(state=waiting("ContainerCreating")), None),
    ("no node takes it", pod(containerStatuses=[]), None),
    ("its image cannot be pulled", pod(state=waiting("ErrImagePull")), None),
    ("it runs since", pod(state=running("12:04:00")), at("12:04:00")),
    ("it cannot be started", pod(state=waiting("RunContainerError")), at("12:00:00")),
    (
        "it runs again: its first start, as far as is known, counts",
        pod(state=running("12:08:00"), last=terminated(137, "12:04:00", "12:07:30")),
        at("12:04:00"),
    ),
    (
        "it was ready once: the loss of readiness counts",
        pod(state=running("12:04:00"), ready_at="2026-03-01T13:00:00Z"),
        at("13:00:00"),
    ),
    ("its conditions are not there yet", pod(state=running("12:04:00"), conditions=[]), at("12:04:00")),
]


@pytest.mark.parametrize(("seen", "since"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING])
def test_since_when_a_pod_fails(seen: dict[str, Any], since: datetime | None) -> None:
    """The startup deadline runs from when a container began to run: a slow registry is not the version's fault."""
    assert pod_state(seen, None).failing_since == since


def test_the_last_exit_is_noted() -> None:
    crashed = pod(state=waiting("CrashLoopBackOff"), last=terminated(1, "12:00:05", "12:00:09"), restarts=4)
    seen = pod_state(crashed, None)
    assert (seen.restarts, seen.last_exit) == (4, at("12:00:09"))


def test_a_container_that_was_put_beside_the_model_is_not_taken_for_it() -> None:
    """Whoever injects a sidecar may put it first, and its status says nothing of the version."""
    crashed = pod(state=waiting("CrashLoopBackOff"), last=terminated(1, "12:00:05", "12:00:09"), restarts=4)
    beside = {
        "name": "auth-proxy",
        "ready": True,
        "restartCount": 0,
        "imageID": "sha256:9",
        "state": running("12:00:01"),
    }
    [model] = crashed["status"]["containerStatuses"]
    for statuses in ([beside, model], [model, beside]):
        crashed["status"]["containerStatuses"] = statuses
        seen = pod_state(crashed, None)
        assert (seen.restarts, seen.last_exit, seen.image_id) == (4, at("12:00:09"), "sha256:1234")
        assert seen.trouble == Trouble("Error", f"pod {NAME}: its container exited (exit code 1)", True)
    crashed["status"]["containerStatuses"] = [beside]
    seen = pod_state(crashed, None)
    assert (seen.restarts, seen.image_id, seen.trouble, seen.failing_since) == (0, None, None, None)


def revision(name: str = "fraud-r2") -> ModelRevision:
    spec = {"number": 2, "image": "fraud:2", "declared": "{}", "template": "{}", "renderer": "1"}
    return parse_revision({"metadata": {"name": name, "uid": "own", "creationTimestamp": CREATED}, "spec": spec})


def deployment(
    name: str = "fraud-r2",
    replicas: int | None = 3,
    *conditions: dict[str, str],
    owner: str | None = "own",
    made: int = 0,
) -> dict[str, Any]:
    spec = {} if replicas is None else {"replicas": replicas}
    labels = {"app.kubernetes.io/managed-by": "tandem", "tandem.dev/deployment": "fraud"}
    owners = [{"kind": "ModelRevision", "name": name, "uid": owner, "controller": True}] if owner else []
    meta = {"name": name, "labels": labels, "ownerReferences": owners}
    return {"metadata": meta, "spec": spec, "status": {"replicas": made, "conditions": list(conditions)}}


def state_of(pods: list[dict[str, Any]], *deployments: dict[str, Any], drained: bool = False) -> RevisionState:
    done = frozenset({"fraud-r2"} if drained else ())
    return revision_states([revision()], deployments, pods, {f"uid-{NAME}": "KeyError: 'coef'"}, done)["fraud-r2"]


def test_a_revision_with_its_pods() -> None:
    ready = pod(state=running("12:00:05"), ready=True, name="b")
    stranger = pod(state=running("12:00:05"), ready=True, name="c", revision="fraud-r1")
    state = state_of([ready, pod(state=running("12:00:05")), stranger], deployment(), drained=True)
    assert [each.name for each in state.pods] == ["b", NAME]
    assert (state.workload, state.wanted, state.ready, state.drained) == (True, 3, 1, True)
    assert state.images == {"sha256:1234"}
    assert state.trouble is not None
    assert state.trouble.message.endswith("its log says: \"KeyError: 'coef'\"")


def test_a_revision_without_deployment() -> None:
    state = state_of([])
    assert (state.workload, state.wanted, state.pods, state.trouble, state.drained) == (False, 0, (), None, False)


def test_a_deployment_that_leaves_replicas_to_the_default() -> None:
    assert state_of([], deployment("fraud-r2", None)).wanted == 1


OLDER = "2026-03-01T11:00:00Z"
WHOSE: list[tuple[str, dict[str, Any] | None, dict[str, str], tuple[bool, int, list[str]]]] = [
    ("its own", deployment(), {"a": CREATED}, (True, 3, ["a"])),
    ("an orphan, to be adopted", deployment(owner=None), {"a": CREATED}, (True, 3, ["a"])),
    ("a predecessor's", deployment(owner="old"), {"a": OLDER, "b": CREATED}, (False, 0, [])),
    ("gone", None, {"a": OLDER, "b": CREATED}, (False, 0, ["b"])),
    ("its own, and has made no pod", deployment(), {"a": OLDER, "b": OLDER}, (True, 3, [])),
    ("its own, and has made a pod", deployment(replicas=1, made=1), {"a": OLDER, "b": CREATED}, (True, 1, ["b"])),
    ("its own, with pods from a backup", deployment(made=2), {"a": OLDER, "b": OLDER}, (True, 3, ["a", "b"])),
]


@pytest.mark.parametrize(
    ("workload", "made", "expected"), [case[1:] for case in WHOSE], ids=[f"it is {case[0]}" for case in WHOSE]
)
def test_what_a_predecessor_left_is_not_taken_for_the_revisions_own(
    workload: dict[str, Any] | None, made: dict[str, str], expected: tuple[bool, int, list[str]]
) -> None:
    """A model that is deleted and applied again has the same names, while the old pods still answer."""
    pods = [pod(state=running("12:00:05"), ready=True, name=name) for name in made]
    for each in pods:
        each["metadata"]["creationTimestamp"] = made[each["metadata"]["name"]]
    state = state_of(pods, *([workload] if workload else []))
    assert (state.workload, state.wanted, [each.name for each in state.pods]) == expected


def test_trouble_that_a_predecessor_left_is_not_the_revisions() -> None:
    refused = condition("ReplicaFailure", "True", reason="FailedCreate", message="exceeded quota")
    lost = pod(name="a", phase="Failed")
    assert state_of([lost], deployment("fraud-r2", 3, refused, owner="old")).trouble is None


def test_own_fault_is_named_before_what_surrounds_it() -> None:
    unplaced = pod(name="a", state=waiting("ErrImagePull", "registry is down"))
    state = state_of([unplaced, pod(state=running("12:00:05"))], deployment())
    assert state.trouble is not None
    assert state.trouble.reason == "NotReady"


def test_trouble_of_a_terminating_pod_does_not_count() -> None:
    going = pod(state=terminated(1, "12:00:05", "12:00:09"))
    going["metadata"]["deletionTimestamp"] = CREATED
    state = state_of([going], deployment())
    assert state.trouble is None
    assert state.images == frozenset()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('pods "fraud-r2-x" is forbidden: exceeded quota: small, requested: pods=1', "QuotaExceeded"),
        ('pods "fraud-r2-x" is forbidden: violates PodSecurity "restricted:latest"', "PodsRefused"),
    ],
)
def test_pods_that_cannot_be_created(message: str, reason: str) -> None:
    refused = condition("ReplicaFailure", "True", reason="FailedCreate", message=message)
    progressing = condition("Progressing", "True")
    assert state_of([], deployment("fraud-r2", 3, progressing, refused)).trouble == Trouble(reason, message)
    healed = condition("ReplicaFailure", "False", message=message)
    assert state_of([], deployment("fraud-r2", 3, healed)).trouble is None


def test_a_pod_that_has_ended_is_no_pod_of_the_revision() -> None:
    """An evicted pod stays as an object until somebody deletes it; it neither serves nor keeps its revision."""
    evicted = pod(name="a", phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    state = state_of([evicted], deployment())
    assert state.pods == ()
    assert state.trouble == Trouble("Evicted", "pod a: The node was low on resource: memory.")
    lost = pod(name="a", phase="Failed")
    assert state_of([lost], deployment()).trouble == Trouble(
        "PodEnded", "pod a: it has ended, and its Deployment makes another"
    )
    alive = pod(state=running("12:00:05"))
    nearer = state_of([evicted, alive], deployment()).trouble
    assert nearer is not None
    assert nearer.reason == "NotReady"


def test_moments() -> None:
    assert moment(None) is None
    assert moment("2026-03-01T12:00:00Z") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert moment("2026-03-01T13:00:00.123456+01:00") == datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


BENTOML_STARTUP = """\
2026-03-01T12:00:21+0000 [INFO] [cli] Starting production HTTP BentoServer from "." listening on http://0.0.0.0:3000
2026-03-01T12:00:30+0000 [ERROR] [entry_service:Digits:1] Initializing service error
Traceback (most recent call last):
  File "/app/.venv/lib/python3.11/site-packages/_bentoml_sdk/service/factory.py", line 409, in __call__
    instance = self.inner()
               ^^^^^^^^^^^^
  File "/home/bentoml/bento/src/service.py", line 5, in __init__
    raise RuntimeError("model file digits.npz has no array 'coef': was it trained with another version?")
RuntimeError: model file digits.npz has no array 'coef': was it trained with another version?
2026-03-01T12:00:30+0000 [ERROR] [entry_service:Digits:1] Traceback (most recent call last):
  File "/app/.venv/lib/python3.11/site-packages/starlette/routing.py", line 661, in lifespan
    async with self.lifespan_context(app) as maybe_state:
RuntimeError: model file digits.npz has no array 'coef': was it trained with another version?

2026-03-01T12:00:30+0000 [ERROR] [entry_service:Digits:1] Application startup failed. Exiting.
2026-03-01T12:00:30+0000 [ERROR] [entry_service:Digits:1] Application startup failed. Exiting.
"""

CHAINED = """\
Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'coef'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 2, in load
bentoml.exceptions.NotFound: Model 'digits:never-ready' is not found in BentoML store
"""

GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "app.py", line 3, in lifespan
  |     async with create_task_group() as tg:
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "store.py", line 9, in open
    | OSError: [Errno 28] No space left on device
    +------------------------------------
"""

LINES = [
    (
        "BentoML, recorded",
        BENTOML_STARTUP,
        "RuntimeError: model file digits.npz has no array 'coef': was it trained with another version?",
    ),
    (
        "an exception without Error in its name",
        CHAINED,
        "bentoml.exceptions.NotFound: Model 'digits:never-ready' is not found in BentoML store",
    ),
    ("an exception group", GROUP, "OSError: [Errno 28] No space left on device"),
    ("no message", 'Traceback (most recent call last):\n  File "a.py"\nMemoryError\nbye', "MemoryError"),
    ("a head cut off", '    raise ValueError(x)\nValueError: x is bad\nINFO: closing', "ValueError: x is bad"),
    ("no exception", "starting\nno space left on device\n\n", "no space left on device"),
    ("a traceback cut short", 'Traceback (most recent call last):\n  File "a.py"\n[INFO] ok', "[INFO] ok"),
    ("levels are no exceptions", "ERROR: it failed\nINFO: shutting down", "INFO: shutting down"),
    ("nothing", "\n \n", None),
    ("a very long line", f"ValueError: {'x' * 400}", f"ValueError: {'x' * 288}"),
]  # fmt: skip


@pytest.mark.parametrize(("log", "expected"), [case[1:] for case in LINES], ids=[case[0] for case in LINES])
def test_the_telling_line_of_a_log(log: str, expected: str | None) -> None:
    assert telling_line(log) == expected


def test_what_a_model_said_before_its_process_manager_gave_up() -> None:
    log = """Traceback (most recent call last):
  File "service.py", line 12, in __init__
    self.labels = loaded["digits"]
KeyError: 'digits'
2026-03-01T12:00:00+0000 [ERROR] [:1] Application startup failed. Exiting.
Traceback (most recent call last):
  File "watcher.py", line 3, in manage
    raise RuntimeError("No active process found for watcher.")
RuntimeError: No active process found for watcher.
"""
    assert telling_line(log) == "KeyError: 'digits'"
