"""What came back for a request, read strictly: whatever is not an answer in JSON has a word for what it is."""

from dataclasses import dataclass
from typing import Any, Final

from tandem.quality.errors import NotJson
from tandem.quality.json_text import parse_json

LARGEST_ANSWER: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or why there is none."""

    status: int | None
    """HTTP status; None if no complete answer came."""
    body: Any = None
    flaw: str | None = None
    """Why the body cannot be used, without anything out of it."""
    size: int = 0
    """Bytes of its body."""

    @property
    def usable(self) -> bool:
        """Whether it is a success with a body in JSON."""
        return self.status == 200 and self.flaw is None

    @property
    def complaint(self) -> str | None:
        """Say what is wrong with it as the answer to a request that is in order; None if nothing is."""
        if self.status is None:
            return self.flaw or "there was no answer"
        if self.status != 200:
            return f"it was answered with {self.status}"
        return f"the answer is of no use: {self.flaw}" if self.flaw else None


def read_answer(status: int, content: bytes) -> Answer:
    """Return the answer that a status and a body are."""
    if len(content) > LARGEST_ANSWER:
        return Answer(status, flaw=f"it is larger than {LARGEST_ANSWER // 1024 // 1024} MiB")
    try:
        return Answer(status, parse_json(content), size=len(content))
    except NotJson as error:
        html = content.lstrip()[:1] == b"<"
        return Answer(status, flaw="it is HTML or XML, not JSON" if html else str(error))
