"""What came of carrying a decision out: what was refused, and what is to be tried again."""

from collections.abc import Awaitable, Callable
from typing import Any

from tandem.cluster.errors import AlreadyExists, ClusterBusy, ClusterRefused, Conflict, KindMissing, NotFound
from tandem.cluster.kinds import Kind
from tandem.rollout.observation import QUOTA_EXCEEDED, Trouble


class NotOurs(Exception):
    """An object of the name that a child must have is somebody else's."""

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(
            f"{kind.kind} {name} exists and is not Tandem's: rename this model, or delete or rename the other object"
        )


class Outcome:
    """One go at all writes: what was refused, and whether something is to be tried again."""

    def __init__(self) -> None:
        self.refused: list[Trouble] = []
        self.aside: list[Trouble] = []
        """What was refused and holds nothing up: the pods that ask later pods."""
        self.busy: ClusterBusy | None = None

    async def make(self, write: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Do one write; what goes wrong with it is noted and keeps no other from being done."""
        try:
            await write(*args)
        except NotOurs as error:
            self.refused.append(Trouble("NotOwned", str(error)))
        except KindMissing as error:
            self.refused.append(
                Trouble("GatewayMissing", f"{error}; install the Gateway API or leave out spec.traffic.gateway")
            )
        except ClusterRefused as error:
            reason = QUOTA_EXCEEDED if "exceeded quota" in str(error) else error.reason
            self.refused.append(Trouble(reason, str(error)))
        except (ClusterBusy, Conflict, NotFound, AlreadyExists) as error:
            self.busy = self.busy or (
                error if isinstance(error, ClusterBusy) else ClusterBusy(error.doing, error.detail)
            )
