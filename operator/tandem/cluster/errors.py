"""What can go wrong between Tandem and the API server, by what the caller should do about it."""

from typing import Final


class ClusterError(Exception):
    """A request to the API server did not do what it was to do; ``doing`` says what that was."""

    def __init__(self, doing: str, detail: str = "") -> None:
        self.doing: Final = doing
        """What was being done, such as ``create Deployment demo/fraud-r1``."""
        self.detail: Final = detail
        """What the API server, or the way to it, said."""
        super().__init__(f"{doing}: {detail}" if detail else doing)


class ClusterBusy(ClusterError):
    """The same request may well succeed a little later: overload, restart, timeout, a race with another writer."""

    def __init__(self, doing: str, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(doing, detail)
        self.retry_after: Final = retry_after
        """Seconds that the API server asked to wait, if it did."""


class ClusterRefused(ClusterError):
    """The API server says no: forbidden, over quota, invalid. The same request will not do better later."""

    def __init__(self, doing: str, reason: str, detail: str) -> None:
        super().__init__(doing, f"{reason}: {detail}")
        self.reason: Final = reason
        """The API's own word for it: ``Forbidden``, ``Invalid``, ``BadRequest``, ..."""
        self.message: Final = detail
        """The API's own sentence, fit to be shown in a condition."""


class NotFound(ClusterError):
    """The object, or the namespace it was to be in, does not exist."""


class KindMissing(ClusterError):
    """The API server does not know this kind at all: its CustomResourceDefinition is not installed."""


class Conflict(ClusterError):
    """A precondition (resourceVersion or uid) did not hold: somebody wrote first, or it is another object by now."""


class AlreadyExists(ClusterError):
    """An object of this name exists; look whose it is before anything else."""
