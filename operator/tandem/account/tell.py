"""From what was read of a model to the account of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from tandem.account import orders
from tandem.account.account import (
    Account,
    ChangesTold,
    Counted,
    EvidenceTold,
    FindingTold,
    NextStep,
    PodTold,
    RevisionTold,
    Slot,
    SpecChange,
    Subject,
)
from tandem.account.amiss import amiss
from tandem.account.fleet import waived
from tandem.account.paging import contacts
from tandem.account.seen import Seen
from tandem.manifests.changes import MAX_CHANGE, changes
from tandem.manifests.declared import stored_declaration
from tandem.rollout.observation import PodState, RevisionState

MOST_LOOKS: Final = 3
_UNPULLED: Final = frozenset({"Unschedulable", "CreateContainerConfigError"})


def account_of(seen: Seen, now: datetime) -> Account:
    """Return the account of a model."""
    spec, status = seen.deployment.spec, seen.deployment.status
    wrong = amiss(seen)
    return Account(
        model=_subject(seen),
        slots=list(_slots(seen)),
        waiting_for=status.waiting_for,
        frozen_by=status.frozen_by,
        amiss=wrong,
        findings=list(_findings(seen, now)),
        evidence=_evidence(seen),
        revisions=revisions_told(seen),
        changes=changes_told(seen),
        last_change=_last_change(seen),
        next=_next_steps(seen, now),
        look=list(_looks(seen))[:MOST_LOOKS],
        page=contacts(spec.owners, wrong),
        runbook=spec.runbook,
        fallback=spec.fallback,
        consumers=spec.consumers or [],
        unread=list(seen.unread),
    )


def _subject(seen: Seen) -> Subject:
    spec, status, meta = seen.deployment.spec, seen.deployment.status, seen.deployment.metadata
    return Subject(
        name=meta.name,
        namespace=meta.namespace,
        purpose=spec.purpose,
        tier=spec.tier,
        phase=status.phase or "Unknown",
        url=status.url,
        cluster_url=status.cluster_url,
        being_deleted=meta.deletion_timestamp is not None,
    )


def _findings(seen: Seen, now: datetime) -> Iterable[FindingTold]:
    """Tell of the checks that do not pass, in the order of status: what weighs most first."""
    for each in seen.deployment.status.readiness or []:
        if not waived(each.waived_until, now):
            message = f"not known: {each.message}" if each.outcome == "Unknown" else each.message
            yield FindingTold(check=each.check, severity=each.severity, side=each.side, message=message, fix=each.fix)


def _slots(seen: Seen) -> Iterable[Slot]:
    """Tell of the versions that have a part, those that serve first."""
    status = seen.deployment.status
    stable, candidate, fallback, rejected = status.stable, status.candidate, status.fallback, status.rejected
    if stable is not None:
        yield _slot(seen, "serves", stable.revision, stable.since, _about_stable(seen))
    if candidate is not None:
        steps = len(seen.deployment.spec.rollout.steps)
        at = f"step {candidate.step + 1} of {steps}" if candidate.step < steps else "past the last step"
        parts = ["restored on a person's order"] if candidate.restore else [at]
        parts += [f"attempt {candidate.attempt}"] if candidate.attempt > 1 else []
        parts += ["paused"] if candidate.paused else []
        yield _slot(seen, "tried", candidate.revision, candidate.since, ", ".join(parts))
    if fallback is not None:
        until = f" until {stable.watch_until:%H:%M:%SZ}" if stable and stable.watch_until else ""
        yield _slot(seen, "fallback", fallback.revision, None, f"ready to take over{until}")
    if rejected is not None:
        yield _slot(seen, "sent back", rejected.revision, rejected.at, rejected.reason)


def _slot(seen: Seen, role: Any, name: str, since: datetime | None, remark: str | None) -> Slot:
    state, share = seen.states.get(name), None
    traffic = seen.deployment.status.traffic
    if traffic is not None:
        share = next((each.weight for each in traffic if each.revision == name), 0)
    counted = state is not None and role != "sent back"
    return Slot(
        role=role,
        revision=name,
        image=state.revision.spec.image if state else None,
        weight=share,
        ready=seen.ready(state) if state and counted else None,
        wanted=state.wanted if state and counted else None,
        since=since,
        remark=remark,
    )


def _about_stable(seen: Seen) -> str | None:
    stable = seen.deployment.status.stable
    if stable is not None and stable.down_since is not None:
        return f"no ready pod since {stable.down_since:%H:%M:%SZ}"
    return "promoted without evidence" if stable is not None and stable.without_evidence else None


def revisions_told(seen: Seen) -> list[RevisionTold]:
    """Tell of every revision that is kept, the newest first."""
    newest_first = sorted(seen.states.values(), key=lambda state: -state.revision.spec.number)
    return [_revision(state, seen.ready(state)) for state in newest_first]


def _revision(state: RevisionState, ready: int) -> RevisionTold:
    spec, status = state.revision.spec, state.revision.status
    return RevisionTold(
        name=state.name,
        number=spec.number,
        image=spec.image,
        phase=status.phase,
        reason=status.reason,
        message=status.message,
        since=status.since,
        attempts=status.attempt,
        weight=status.weight,
        ready=ready,
        wanted=state.wanted,
        pods=[_pod(pod) for pod in state.pods],
    )


def _pod(pod: PodState) -> PodTold:
    trouble = None if pod.ready or pod.terminating else pod.trouble
    return PodTold(
        name=pod.name,
        ready=pod.ready,
        restarts=pod.restarts,
        ending=pod.terminating,
        since=pod.ready_since or pod.created,
        reason=trouble.reason if trouble else None,
        message=trouble.message.removeprefix(f"pod {pod.name}: ") if trouble else None,
    )


def _judged(seen: Seen) -> tuple[str, str | None] | None:
    """Return whom the evidence is about, and with whom it was compared."""
    status = seen.deployment.status
    stable = status.stable.revision if status.stable else None
    if status.candidate is not None:
        return status.candidate.revision, stable
    if status.rejected is not None:
        return status.rejected.revision, stable
    if stable is not None and status.fallback is not None:
        return stable, status.fallback.revision
    return None


def _evidence(seen: Seen) -> EvidenceTold | None:
    judged = _judged(seen)
    revision = seen.revision(judged[0]) if judged else None
    if judged is None or revision is None:
        return None
    told = verdict_told(revision.status.verdict, *judged)
    slot = seen.deployment.status.candidate
    if slot is None and told is not None and not any(each.requests for each in told.counted):
        return None  # it was sent back before anybody could count anything
    # A verdict from an earlier attempt is kept until there is a new one: it says nothing about this one.
    return None if slot is not None and slot.judged_since is None else told


def verdict_told(verdict: dict[str, Any] | None, revision: str, against: str | None) -> EvidenceTold | None:
    """Return a stored verdict in the account's form; None where there is none, or none that can be read."""
    if not verdict or not isinstance(verdict.get("sentence"), str):
        return None
    named = (("candidate", revision), ("stable", against or "stable"))
    return EvidenceTold(
        revision=revision,
        verdict=str(verdict.get("verdict", "Undecided")),
        metric=str(verdict.get("metric", "errors")),
        sentence=verdict["sentence"],
        counted=[found for key, name in named if (found := _counted(name, verdict.get(key))) is not None],
    )


def _counted(revision: str, counts: Any) -> Counted | None:
    try:
        return Counted(revision=revision, **{key: counts[key] for key in ("requests", "bad", "rate", "low", "high")})
    except (KeyError, TypeError, ValueError):
        return None


def changes_told(seen: Seen) -> ChangesTold | None:
    """Tell what the version that is tried, was sent back or is watched changes; None where there is nobody to compare.

    Content that may be private (environment values, warm-up requests, ConfigMaps) is named and never shown.
    """
    judged = _judged(seen)
    if judged is None:
        return None
    revision, before = seen.revision(judged[0]), seen.revision(judged[1])
    if revision is None or before is None or revision is before:
        return None
    lines = changes(stored_declaration(revision.spec), before.spec)
    short = [line if len(line) <= MAX_CHANGE else f"{line[: MAX_CHANGE - 1]}…" for line in lines]
    return ChangesTold(revision=judged[0], against=before.metadata.name, lines=short)


def _last_change(seen: Seen) -> SpecChange | None:
    change = seen.last_change
    if change is None:
        return None
    return SpecChange(manager=change.manager, operation=change.operation, at=change.at)


def _next_steps(seen: Seen, now: datetime) -> list[NextStep]:
    return [
        NextStep(
            verb=order.verb,
            revision=order.revision,
            effect=order.effect,
            caution=order.caution,
            command=orders.command(seen, order),
            kubectl=orders.kubectl(seen, order, orders.id_at(now, order.verb.lower())),
        )
        for order in orders.orders_now(seen, now)
    ]


def _looks(seen: Seen) -> Iterable[str]:
    """Return commands that show more of what is wrong: of each troubled version one pod speaks for all."""
    where = f"-n {seen.namespace}" + (f" {seen.flags}" if seen.flags else "")
    for state in seen.states.values():
        troubled = next((pod for pod in state.pods if pod.trouble and not pod.ready and not pod.terminating), None)
        if troubled is None or troubled.trouble is None:
            continue
        if troubled.trouble.own_fault:
            previous = " --previous" if troubled.restarts else ""
            yield f"kubectl logs {troubled.name} {where}{previous} --tail=50"
        else:
            yield f"kubectl describe pod {troubled.name} {where}"
    for state in sorted(seen.states.values(), key=lambda state: -state.revision.spec.number):
        report = state.revision.status.quality
        if report is not None and report.outcome == "Failed" and report.cases is not None:
            yield f"tandem cases {seen.name} {where} --revision {state.name}"
            break
    if seen.deployment.status.phase not in ("Serving", "Watching"):
        yield f"kubectl describe md {seen.name} {where}"
