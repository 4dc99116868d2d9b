"""A model in one line, and what is new in it: for logs of pipelines, where nothing can be drawn over."""

from tandem.account.seen import Seen


def line(seen: Seen) -> str:
    """Return how a model stands."""
    status = seen.deployment.status
    parts = [status.phase or "Unknown"]
    if status.stable is not None:
        parts.append(f"{status.stable.revision} serves ({_pods(seen, status.stable.revision)})")
    if status.candidate is not None:
        slot = status.candidate
        parts.append(f"{slot.revision} at {slot.weight} % ({_pods(seen, slot.revision)})")
    if status.rejected is not None and status.candidate is None:
        parts.append(f"{status.rejected.revision} was sent back: {status.rejected.reason}: {status.rejected.message}")
    elif status.waiting_for is not None:
        parts.append(f"waits for {status.waiting_for.what}")
    return "; ".join(parts)


def gist(seen: Seen) -> tuple[object, ...]:
    """Return what makes a new line: not the numbers of evidence, which change every second."""
    status = seen.deployment.status
    slots = (status.stable and status.stable.revision, status.candidate and status.candidate.revision)
    pods = tuple((name, seen.ready(state), state.wanted) for name, state in sorted(seen.states.items()))
    waits = status.waiting_for.what.split(":", 1)[0] if status.waiting_for else None
    weight, rejected = status.candidate and status.candidate.weight, status.rejected and status.rejected.revision
    return status.phase, *slots, weight, rejected, waits, pods


def _pods(seen: Seen, revision: str) -> str:
    state = seen.states.get(revision)
    return f"{seen.ready(state)}/{state.wanted} ready" if state is not None else "no pods seen"
