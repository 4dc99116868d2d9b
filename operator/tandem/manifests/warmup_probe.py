"""Startup probe of a bento with declared warm-up requests: ready, and every request answered without a server error.

Tandem never calls this: it mounts the file into the pod, where the image's own Python runs it at every start of the
container, so that a pod warms itself and needs nobody outside. It imports nothing but the standard library. What it
prints becomes the pod's event, and names requests without their bodies: those may be personal data.
"""

from __future__ import annotations

import http.client
import json
import sys
from typing import Any

READY_TIMEOUT_SECONDS = 2
WARMUP_HEADER = "X-Tandem-Warmup"


def main(plan_file: str) -> int:
    """Return the exit code of the probe: 0 when the pod is warm."""
    with open(plan_file, encoding="utf-8") as file:  # noqa: PTH123 - starts faster without pathlib
        plan = json.load(file)
    problem = not_ready(plan["port"])
    for number, request in enumerate(plan["requests"], start=1):
        problem = problem or not_answered(plan["port"], plan["timeout"], number, request)
    if problem:
        sys.stdout.write(problem + "\n")
    return 1 if problem else 0


def not_ready(port: int) -> str | None:
    """Return why the bento is not ready yet, or None."""
    try:
        status = ask(port, READY_TIMEOUT_SECONDS, "GET", "/readyz", None)
    except (OSError, http.client.HTTPException) as error:
        return f"not ready yet: /readyz: {type(error).__name__}: {error}"
    return None if status == 200 else f"not ready yet: /readyz answered {status}"


def not_answered(port: int, timeout: float, number: int, request: dict[str, Any]) -> str | None:
    """Return what is wrong with the answer to a warm-up request, or None."""
    path = request["path"]
    body = json.dumps(request["body"]).encode() if "body" in request else None
    method = "GET" if body is None else "POST"
    what = f"warm-up request {number} ({method} {path})"
    try:
        status = ask(port, timeout, method, path, body)
    except (OSError, http.client.HTTPException) as error:
        return f"{what} failed: {type(error).__name__}: {error}"
    return f"{what} answered {status}" if status >= 500 else None


def ask(port: int, timeout: float, method: str, path: str, body: bytes | None) -> int:
    """Return the status of one request to the bento, its whole answer read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {WARMUP_HEADER: "true", "Content-Type": "application/json"}
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
