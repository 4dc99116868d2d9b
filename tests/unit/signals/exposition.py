"""Writes /metrics as a bento does, from what it is to have counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

EDGES = (0.05, 0.15, 1.0, 60.0)


@dataclass
class Bento:
    """A bento that answers what it is told to, for tests of those who read it."""

    requests: dict[tuple[str, int], int] = field(default_factory=lambda: {("/predict", 200): 0, ("/predict", 500): 0})
    durations: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    in_progress: dict[str, int] = field(default_factory=dict)
    edges: Sequence[float] = EDGES

    def answer(self, number: int = 1, code: int = 200, seconds: float = 0.01, path: str = "/predict") -> None:
        """Answer requests."""
        self.requests[path, code] = self.requests.get((path, code), 0) + number
        self.durations.setdefault((path, code), []).extend([seconds] * number)

    def start(self, number: int = 1, path: str = "/predict") -> None:
        """Begin requests that are not answered yet."""
        self.in_progress[path] = self.in_progress.get(path, 0) + number

    def finish(self, number: int = 1, code: int = 200, seconds: float = 0.01) -> None:
        """Answer requests that were begun."""
        self.in_progress["/predict"] -= number
        self.answer(number, code, seconds)

    def text(self) -> str:
        """Return the text of /metrics."""
        lines = [
            "# HELP bentoml_service_request_total Total number of runner RPC",
            "# TYPE bentoml_service_request_total counter",
        ]
        for (path, code), number in self.requests.items():
            lines.append(
                _line("bentoml_service_request_total", {"endpoint": path, "http_response_code": str(code)}, number)
            )
        for (path, code), durations in self.durations.items():
            labels = {"endpoint": path, "http_response_code": str(code)}
            for edge in (*self.edges, float("inf")):
                name = "+Inf" if edge == float("inf") else str(float(edge))
                number = sum(seconds <= edge for seconds in durations)
                lines.append(_line("bentoml_service_request_duration_seconds_bucket", {**labels, "le": name}, number))
            lines.append(_line("bentoml_service_request_duration_seconds_count", labels, len(durations)))
        for path, number in self.in_progress.items():
            lines.append(_line("bentoml_service_request_in_progress", {"endpoint": path}, number))
        return "\n".join(lines) + "\n"


def _line(name: str, labels: Mapping[str, str], value: int) -> str:
    named = {**labels, "runner_name": "Digits", "service_name": "digits", "service_version": "first"}
    written = ",".join(f'{key}="{label}"' for key, label in sorted(named.items()))
    return f"{name}{{{written}}} {float(value)}"
