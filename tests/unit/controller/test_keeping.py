"""The account of an examination's pod: made once; nothing in its way keeps a version from being examined."""

from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.cluster.errors import AlreadyExists, ClusterBusy, ClusterRefused, NotFound
from tandem.cluster.kinds import ROLE_BINDING, SERVICE_ACCOUNT, Kind
from tandem.controller.keeping import ExaminerAccounts
from tandem.manifests.missed import ExaminerRole, Keeping, account_manifest, binding_manifest
from tests.unit.rollout.situations import started

ROLE = ExaminerRole("ClusterRole", "tandem-examiner")
QUALITY: dict[str, Any] = {"path": "/predict", "edgeCases": {"rows": [{"configMap": "cases"}]}}


def deployment(**quality: Any) -> ModelDeployment:
    world = started()
    world.declare(quality={**QUALITY, **quality})
    body = world.deployment().to_dict()
    return parse_deployment({**body, "metadata": {**body["metadata"], "uid": "uid-of-fraud"}})


class ApiServer:
    """Has these objects; ``refuses`` is raised for whatever is to be created."""

    def __init__(self, *objects: dict[str, Any], refuses: Exception | None = None) -> None:
        self.objects = {(each["kind"], each["metadata"]["name"]): each for each in objects}
        self.refuses = refuses

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        if self.refuses is not None:
            raise self.refuses
        key = (obj["kind"], obj["metadata"]["name"])
        if key in self.objects:
            raise AlreadyExists(f"create {key}")
        self.objects[key] = obj
        return obj

    async def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any]:
        del namespace
        if (kind.kind, name) not in self.objects:
            raise NotFound(f"read {name}")
        return self.objects[kind.kind, name]


async def keeping(server: ApiServer, role: ExaminerRole | None = ROLE, **quality: Any) -> Keeping:
    return await ExaminerAccounts(server, role).keeping(deployment(**quality))  # type: ignore[arg-type]


async def test_it_is_made_once_and_found_again() -> None:
    server = ApiServer()
    assert await keeping(server) == await keeping(server) == Keeping("fraud-tandem-examiner")
    assert set(server.objects) == {(kind.kind, "fraud-tandem-examiner") for kind in (SERVICE_ACCOUNT, ROLE_BINDING)}


async def test_it_pulls_images_with_what_the_default_account_has() -> None:
    pull = [{"name": "registry"}, {}]
    default = {"kind": "ServiceAccount", "metadata": {"name": "default"}, "imagePullSecrets": pull}
    assert (await keeping(ApiServer(default))).pull_secrets == ("registry",)


async def test_where_nothing_is_to_be_kept_nothing_is_made() -> None:
    server = ApiServer()
    assert await keeping(server, report="None") == Keeping()
    assert server.objects == {}


def changed(manifest: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**manifest, **changes}


THEIRS = {"name": "fraud-tandem-examiner", "namespace": "default", "labels": {}}
OTHER_ROLE = binding_manifest(deployment(), ExaminerRole("ClusterRole", "cluster-admin"))


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (ApiServer(refuses=ClusterRefused("create ServiceAccount", "Forbidden", "no right")), "no right"),
        (ApiServer(changed(account_manifest(deployment()), metadata=THEIRS)), "is not as Tandem makes it"),
        (ApiServer(OTHER_ROLE), "RoleBinding payments/fraud-tandem-examiner is not as Tandem makes it"),
        (ApiServer(changed(account_manifest(deployment()), automountServiceAccountToken=True)), "delete it"),
    ],
)
async def test_what_is_in_the_way_is_told_to_the_pod(server: ApiServer, says: str) -> None:
    found = await keeping(server)
    assert found.account is None
    assert found.trouble is not None
    assert says in found.trouble


async def test_without_a_role_it_is_said_what_the_operator_lacks() -> None:
    assert "--examiner-role" in str((await keeping(ApiServer(), role=None)).trouble)


async def test_what_may_work_a_little_later_is_left_until_then() -> None:
    with pytest.raises(ClusterBusy):
        await keeping(ApiServer(refuses=ClusterBusy("create ServiceAccount")))
    going = account_manifest(deployment())
    going["metadata"]["ownerReferences"][0]["uid"] = "uid-of-the-one-before"
    with pytest.raises(ClusterBusy, match="still being deleted"):
        await keeping(ApiServer(going))
