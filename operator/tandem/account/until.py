"""What a pipeline waits for. Imported by the command line's help, and so it imports nothing that is slow."""

from enum import StrEnum


class Until(StrEnum):
    """What a pipeline waits for."""

    READY = "ready"
    """The declared version serves everything."""
    SERVING = "serving"
    """The same, and its watch window is over: nobody can take over from it by itself any more."""
    REJECTED = "rejected"
    """The declared version was sent back."""
    STALLED = "stalled"
    """Nothing goes on without somebody's doing."""
    SETTLED = "settled"
    """Any of these: nothing goes on by itself."""
