"""The account by which the pod of an examination keeps what was missed: made before the first examination of a model.

Whatever is in the way of it, the version is examined: what was missed is then not kept, and the report says why.
"""

import logging
from typing import Final

from tandem.api.objects import ModelDeployment
from tandem.cluster.client import Cluster
from tandem.cluster.errors import AlreadyExists, ClusterBusy, ClusterRefused, NotFound
from tandem.cluster.kinds import SERVICE_ACCOUNT, Object, kind_of
from tandem.cluster.ownership import Ownership, ownership, says
from tandem.manifests.missed import KEEPS_NOTHING, ExaminerRole, Keeping, account_manifest, binding_manifest

log = logging.getLogger(__name__)

DEFAULT_ACCOUNT: Final = "default"

_NO_ROLE: Final = "this operator was started without --examiner-role (the Helm chart names one)"


class _InTheWay(Exception):
    """Something that only a person can change."""


class ExaminerAccounts:
    """Makes the accounts. ``role``: the one that lets them create Secrets; None where the operator was told of none."""

    def __init__(self, cluster: Cluster, role: ExaminerRole | None) -> None:
        self._cluster = cluster
        self._role = role

    async def keeping(self, deployment: ModelDeployment) -> Keeping:
        """Return how the pod of an examination of this model is to keep what was missed.

        Raises ``ClusterBusy`` where the same may work a little later.
        """
        quality = deployment.spec.quality
        if quality is None or quality.report == "None":
            return KEEPS_NOTHING
        if self._role is None:
            return Keeping(trouble=_NO_ROLE)
        account, binding = account_manifest(deployment), binding_manifest(deployment, self._role)
        try:
            for manifest in (account, binding):
                await self._ensure(manifest)
            pull = await self._pull_secrets(deployment.metadata.namespace)
        except (ClusterRefused, _InTheWay) as error:
            log.warning("what is missed is not kept: %s", error)
            return Keeping(trouble=str(error)[:300])
        return Keeping(account=account["metadata"]["name"], pull_secrets=pull)

    async def _ensure(self, manifest: Object) -> None:
        """Make an object if there is none; one that is not as it should be is left alone: the operator has no right."""
        kind, meta = kind_of(manifest), manifest["metadata"]
        try:
            await self._cluster.create(manifest)
        except AlreadyExists:
            live = await self._cluster.get(kind, meta["namespace"], meta["name"])
            what, whose = kind.describe(meta["namespace"], meta["name"]), ownership(live, meta)
            if whose is Ownership.PREDECESSOR or "deletionTimestamp" in live["metadata"]:
                raise ClusterBusy(f"make {what}", "the old one is still being deleted") from None
            content = {key: part for key, part in manifest.items() if key != "metadata"}
            if whose is Ownership.FOREIGN or not says(live, content):
                raise _InTheWay(f"{what} is not as Tandem makes it: delete it, and it is made anew") from None

    async def _pull_secrets(self, namespace: str) -> tuple[str, ...]:
        """Return what the namespace's default account pulls images with: the pod is to run as another one."""
        try:
            account = await self._cluster.get(SERVICE_ACCOUNT, namespace, DEFAULT_ACCOUNT)
        except NotFound:
            return ()
        return tuple(each["name"] for each in account.get("imagePullSecrets") or () if each.get("name"))
