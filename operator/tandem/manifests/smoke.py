"""The pod that asks those pods of a version that came after its verdict: shortly, and not more often than need be.

It is made as the pod of an examination is, with the same rows and the same rights: none.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.manifests.examination import Examination, examiner_manifest

SMOKES_LABEL: Final = "tandem.dev/smokes"
"""On the pod, beside the label of those that examine: the revision whose later pods it asks."""

SMOKE_SECONDS: Final = 60
"""Longest time for all questions to all pods of one go; those that are not reached are asked the next time."""
_START_SECONDS: Final = 120
LONGEST_SMOKE_SECONDS: Final = SMOKE_SECONDS + _START_SECONDS
"""After so long the pod that asks is ended by its node."""


@dataclass(frozen=True)
class SmokeTest:
    """Which pods are to be asked, and which one answers beside them what is right."""

    revision: str
    attempt: int
    pods: tuple[str, ...]
    """Uids of those to be asked."""
    addresses: tuple[str, ...]
    """Where they are, in the same order."""
    beside: str
    """Address of a pod that was asked before, or of the first of these where none is left."""
    beside_uid: str

    @property
    def name(self) -> str:
        """Name of its pod."""
        return smoke_name(self.revision, self.attempt, (self.beside_uid, *self.pods))


def smoke_name(revision: str, attempt: int, uids: tuple[str, ...]) -> str:
    """Return the name of the pod that asks these; the first is the one that the others are compared with."""
    digest = hashlib.sha256(json.dumps(uids).encode()).hexdigest()
    return f"{revision}-smoke-{attempt}-{digest[:10]}"


def smoke_manifest(
    deployment: ModelDeployment, revision: ModelRevision, smoke: SmokeTest, image: str
) -> dict[str, Any]:
    """Return the pod."""
    uids = (smoke.beside_uid, *smoke.pods)
    asked = Examination(smoke.revision, smoke.attempt, "", smoke.addresses, (smoke.beside,), uids)
    pod = examiner_manifest(deployment, revision, asked, image)
    pod["metadata"]["name"] = smoke.name
    pod["metadata"]["labels"][SMOKES_LABEL] = smoke.revision
    pod["spec"]["activeDeadlineSeconds"] = LONGEST_SMOKE_SECONDS
    [container] = pod["spec"]["containers"]
    container["command"] = ["python", "-m", "tandem.examiner.smoke"]
    container["env"].append({"name": "PODS", "value": ",".join(smoke.pods)})
    container["resources"] = {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}}
    return pod
