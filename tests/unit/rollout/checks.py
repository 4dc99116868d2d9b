"""What must hold of every decision, whatever came before it."""

from dataclasses import replace
from datetime import datetime

from tandem.api.objects import parse_deployment
from tandem.api.status import CandidateSlot, ModelDeploymentStatus
from tandem.api.values import duration_seconds
from tandem.judge import VerdictKind
from tandem.manifests.examination import inputs_digest
from tandem.rollout.capacity import carried_weight
from tandem.rollout.decide import decide
from tandem.rollout.decision import NOBODY
from tandem.rollout.observation import Observation, RevisionState
from tests.unit.rollout.world import Round, World


def check_decision(world: World, result: Round) -> None:
    """Assert everything that can be told from one decision and what it was made from."""
    slots_make_sense(result)
    weights_are_whole(result)
    weights_follow_capacity(result)
    nothing_before_a_verdict(world, result)
    rejected_gets_nothing(world, result)
    good_pods_are_used(world, result)
    service_moves_to_full_capacity(world, result)
    stable_keeps_its_size(world, result)
    nothing_with_weight_shrinks(result)
    nothing_needed_is_deleted(result)
    attempts_are_new(world, result)
    steps_are_earned(world, result)
    doubt_holds(result)
    nothing_goes_on_unread(result)
    time_is_counted_once(world, result)
    broken_interfaces_wait(result)
    what_is_weaker_is_told_once(result)
    conditions_are_honest(result)
    deciding_again_changes_nothing(world, result)


def check_world(world: World, result: Round) -> None:
    """Assert what must hold of the cluster after a round in which every write went through."""
    if world.route is None or world.conflict is not None:
        return
    weights, slots = world.route.weights, result.decision.status
    assert sum(weights.values()) == 100 or not weights
    sent_back = {name for name, record in result.decision.revisions.items() if record.phase == "Rejected"}
    nobody_else = slots.stable is None and set(weights) & set(world.revisions) <= sent_back
    assert not nobody_else or not sent_back & set(weights), f"nobody else serves, and {weights} was sent back"
    named = {slot.revision for slot in (slots.stable, slots.fallback) if slot}
    useful = [name for name in world.good & named if any(pod.ready and not pod.terminating for pod in world.pods(name))]
    if useful:
        served = [name for name, weight in weights.items() if weight and any(p.ready for p in world.pods(name))]
        assert served, f"{useful} could serve and the route gives everything to pods that are not ready: {weights}"


def _ready(result: Round, name: str) -> int:
    state = result.seen.revisions.get(name)
    return state.ready if state else 0


def slots_make_sense(result: Round) -> None:
    status, known = result.decision.status, result.seen.revisions
    for slot in (status.stable, status.candidate, status.fallback):
        assert slot is None or slot.revision in known
    if status.stable:
        assert not status.candidate or status.candidate.revision != status.stable.revision
        assert not status.fallback or status.fallback.revision != status.stable.revision
    else:
        assert status.fallback is None
    phases = {name: record.phase for name, record in result.decision.revisions.items()}
    if status.fallback:
        assert phases[status.fallback.revision] in ("Fallback", "Candidate")
    if status.candidate:
        assert phases[status.candidate.revision] == "Candidate"
    if status.stable:
        assert phases[status.stable.revision] == "Serving"
        assert result.decision.revisions[status.stable.revision].served


def weights_are_whole(result: Round) -> None:
    weights, status = result.decision.desired.weights, result.decision.status
    if weights is None:
        return
    if not weights:
        assert status.stable is None, "nobody gets requests, and there is a stable version"
        assert status.candidate is None or status.candidate.weight < 100
        return
    assert sum(weights.values()) == 100
    assert all(0 <= weight <= 100 for weight in weights.values())
    named = {slot.revision for slot in (status.stable, status.candidate, status.fallback) if slot}
    assert set(weights) <= named


def weights_follow_capacity(result: Round) -> None:
    """The candidate never gets more than its ready pods carry, where somebody else could serve."""
    candidate, stable = result.decision.status.candidate, result.decision.status.stable
    if candidate is None or candidate.weight == 0:
        return
    ready = _ready(result, candidate.revision)
    if stable is not None and _ready(result, stable.revision) > 0:
        size = max(candidate.size, result.deployment.spec.serving.replicas.min)
        assert candidate.weight <= carried_weight(ready, size)
    before = result.deployment.status.candidate
    raised = before is None or before.revision != candidate.revision or before.weight < candidate.weight
    assert ready > 0 or not raised, "weight for a version without a ready pod"


def nothing_before_a_verdict(world: World, result: Round) -> None:
    """Where spec.quality is declared, the first request goes to what was asked just that, and passed, by the record."""
    before, candidate = result.deployment.status.candidate, result.decision.status.candidate
    if result.deployment.spec.quality is None or candidate is None or candidate.weight == 0:
        return
    same = before is not None and (before.revision, before.attempt) == (candidate.revision, candidate.attempt)
    had_some = same and before is not None and (before.weight > 0 or before.judged_since is not None)
    if had_some or candidate.restore or candidate.promoted_by is not None:
        return
    state = result.seen.revisions[candidate.revision]
    inputs = inputs_digest(result.deployment, state.revision, world.rows)
    report = state.revision.status.quality
    assert report is not None, "weight without a verdict"
    assert (report.outcome, report.inputs) == ("Passed", inputs)
    assert inputs in world.passed, "a verdict that nobody came to"


def rejected_gets_nothing(world: World, result: Round) -> None:
    status, desired = result.decision.status, result.decision.desired
    for name in world.banned & set(result.seen.revisions):
        assert status.candidate is None or status.candidate.revision != name, f"{name} was sent back and is tried again"
        if status.stable is not None and status.stable.revision == name:
            continue  # a person rolled it back; it serves until the one before it is ready
        assert not (desired.weights or {}).get(name), f"{name} was sent back and gets requests"
        assert desired.service_target != name


def good_pods_are_used(world: World, result: Round) -> None:
    weights, status = result.decision.desired.weights, result.decision.status
    if not weights:
        return
    for slot in (status.stable, status.fallback):
        if slot is not None and slot.revision in world.good and _ready(result, slot.revision) > 0:
            to_ready = sum(weight for name, weight in weights.items() if _ready(result, name) > 0)
            assert to_ready > 0, f"{slot.revision} is good and ready, and gets nothing: {weights}"


def service_moves_to_full_capacity(world: World, result: Round) -> None:
    target, before, status = result.decision.desired.service_target, result.seen.service_target, result.decision.status
    assert target != NOBODY or status.stable is None, "the Service points at nobody, and there is a stable version"
    if target in (None, NOBODY, before) or _ready(result, before or "") == 0:
        return
    promoted_before = result.deployment.status.stable and result.deployment.status.stable.revision == target
    goes_back = target in world.good
    if any(happening.reason == "StatusRecovered" for happening in result.decision.happenings):
        return  # it follows the route, which is all that was left to go by
    size = max(result.deployment.spec.serving.replicas.min, status.fallback.size if status.fallback else 0)
    assert promoted_before or goes_back or _ready(result, target) >= size
    assert _ready(result, target) > 0 or promoted_before


def stable_keeps_its_size(world: World, result: Round) -> None:
    status, desired = result.decision.status, result.decision.desired
    if status.stable is not None:
        held = max(slot.size if slot else 0 for slot in (status.candidate, status.fallback))
        assert desired.replicas[status.stable.revision] >= max(world.replicas, held)
    if status.fallback is not None:
        assert desired.replicas[status.fallback.revision] >= status.fallback.size


def nothing_with_weight_shrinks(result: Round) -> None:
    """Only the stable version may shrink, to what the spec asks for."""
    seen, status = result.seen, result.decision.status
    for name, replicas in result.decision.desired.replicas.items():
        if replicas >= seen.revisions[name].wanted:
            continue
        if status.stable is not None and name == status.stable.revision:
            continue
        weight = seen.route.weights.get(name, 0) if seen.route and result.deployment.spec.traffic.gateway else 0
        assert weight == 0, f"{name} is scaled down while the route gives it {weight} %"
        assert seen.service_target != name, f"{name} is scaled down while the Service points at it"
        assert not (result.decision.desired.weights or {}).get(name)


def nothing_needed_is_deleted(result: Round) -> None:
    status, seen = result.decision.status, result.seen
    named = {slot.revision for slot in (status.stable, status.candidate, status.fallback, status.rejected) if slot}
    for name in result.decision.desired.delete:
        assert name not in named | {seen.declared, seen.service_target}
        assert not seen.revisions[name].pods
        assert not (seen.route and seen.route.weights.get(name))


def attempts_are_new(world: World, result: Round) -> None:
    candidate = result.decision.status.candidate
    if candidate is None:
        return
    began = {
        since for name, attempt, since in world.begun if (name, attempt) == (candidate.revision, candidate.attempt)
    }
    assert began <= {candidate.since.isoformat()}, "two attempts of one revision share their number, and so evidence"


def _went_on(result: Round) -> CandidateSlot | None:
    """Return the candidate as it was, if it is tried on or was promoted, by the rules and not by a person's word."""
    before, status = result.deployment.status.candidate, result.decision.status
    if before is None or before.restore or before.promoted_by is not None:
        return None
    acted = {item.id for item in result.deployment.status.decisions or []}
    if any(item.id not in acted and item.revision == before.revision for item in status.decisions or []):
        return None
    fallback = result.deployment.status.fallback
    if fallback is not None and fallback.revision == before.revision:
        return None  # it may take over at once, whatever is thought of it as a candidate
    on = status.candidate is not None and status.candidate.attempt == before.attempt
    kept = status.candidate.revision if on and status.candidate else status.stable.revision if status.stable else None
    return before if kept == before.revision else None


def _is_compared(result: Round) -> bool:
    """Whether there are steps to pass: a gateway, and a stable version that somebody could be sent to."""
    stable, seen = result.deployment.status.stable, result.seen.revisions
    by_steps = result.deployment.spec.traffic.gateway is not None and stable is not None
    return by_steps and stable is not None and stable.revision in seen and seen[stable.revision].ready > 0


def _is_overdue(result: Round, candidate: CandidateSlot, now: datetime) -> bool:
    longest = result.deployment.spec.rollout.evidence.max_duration
    if candidate.judged_since is None or longest is None:
        return False
    return (now - candidate.judged_since).total_seconds() >= duration_seconds(longest)


def steps_are_earned(world: World, result: Round) -> None:
    """A step is left after its hold time by evidence, or by time alone where that is declared, and marked."""
    before, rollout = _went_on(result), result.deployment.spec.rollout
    if before is None or not _is_compared(result) or before.step >= len(rollout.steps):
        return
    status, verdict = result.decision.status, result.seen.verdict
    promoted, step = status.candidate is None, rollout.steps[before.step]
    after = status.stable if promoted else status.candidate
    assert after is not None and verdict is not None
    if not promoted and status.candidate is not None and status.candidate.step == before.step:
        return
    in_favour = verdict.kind is VerdictKind.ADVANCE
    if rollout.evidence.when_undecided == "Promote" and _is_overdue(result, before, world.now) and not in_favour:
        assert after.without_evidence is not None
        return
    assert before.weight == step.weight
    held = before.weight_since or world.now
    assert (world.now - held).total_seconds() >= duration_seconds(step.hold)
    assert in_favour or (rollout.pace == "Time" and after.without_evidence is not None)
    assert not promoted or before.step == len(rollout.steps) - 1


def doubt_holds(result: Round) -> None:
    """Without evidence in its favour nobody gets everything who is suspicious or cannot be seen."""
    before, seen, status = _went_on(result), result.seen, result.decision.status
    if before is None or not _is_compared(result) or seen.verdict is None:
        return
    blind = seen.evidence_trouble is not None and seen.evidence_trouble.reason == "MetricsUnreadable"
    doubtful = blind or before.revision in seen.unread or seen.verdict.kind is VerdictKind.HOLD
    if status.candidate is None:
        assert status.stable is not None
        assert not doubtful or status.stable.without_evidence is None
    elif status.candidate.weight > before.weight and status.candidate.without_evidence is not None:
        steps = result.deployment.spec.rollout.steps
        assert not doubtful or status.candidate.step < len(steps)


def nothing_goes_on_unread(result: Round) -> None:
    """While the spec cannot be read as a version, a candidate gets no more and is not promoted."""
    before, status = _went_on(result), result.decision.status
    if before is None or result.seen.blocked is None or not _is_compared(result):
        return
    assert status.candidate is not None
    assert status.candidate.step == before.step
    assert status.candidate.weight <= before.weight


def time_is_counted_once(world: World, result: Round) -> None:
    """Since when a candidate is judged stays what it is, whatever happens to its weight; it ends when it is up."""
    before, status = _went_on(result), result.decision.status
    if before is not None and before.judged_since is not None and status.candidate is not None:
        assert status.candidate.judged_since == before.judged_since
    last, rejected = result.deployment.status.candidate, status.rejected
    fresh = rejected is not None and rejected.at == world.now and rejected != result.deployment.status.rejected
    if rejected is not None and fresh and rejected.reason == "Undecided":
        assert last is not None
        assert not last.paused
        assert _is_overdue(result, last, world.now)
        assert result.deployment.spec.rollout.evidence.when_undecided == "RollBack"


def broken_interfaces_wait(result: Round) -> None:
    """While somebody is named who calls the model, what breaks its interface gets no more until it is accepted."""
    before, status, weakened = _went_on(result), result.decision.status, result.decision.status.weakened or []
    if before is None or not _is_compared(result) or result.deployment.status.stable is None:
        return
    spec, contract = result.deployment.spec, result.deployment.status.stable.contract
    callers = spec.consumers or (contract.consumers if contract else None)
    broken = [each for each in weakened if each.term.startswith("interface ")]
    if not callers or not broken or status.candidate is None:
        return
    assert status.candidate.weight <= before.weight
    assert status.candidate.step == before.step
    assert {"ContractWeakened", "Stalled"} <= {condition.type for condition in status.conditions or []}


def what_is_weaker_is_told_once(result: Round) -> None:
    before = {each.hash for each in result.deployment.status.weakened or []}
    now = {each.hash for each in result.decision.status.weakened or []}
    told = any(happening.reason == "ContractWeakened" for happening in result.decision.happenings)
    assert told == bool(now - before)
    assert bool(now) == any(c.type == "ContractWeakened" for c in result.decision.status.conditions or [])


def conditions_are_honest(result: Round) -> None:
    status, seen = result.decision.status, result.seen
    conditions = {condition.type: condition for condition in status.conditions or []}
    assert len(conditions) == len(status.conditions or [])
    assert {"Available", "Ready"} <= set(conditions)
    for type_, condition in conditions.items():
        unknown = type_ == "QualityMissed" and condition.status == "Unknown"
        assert type_ in ("Available", "Ready", "OperationallyReady") or condition.status == "True" or unknown
        assert condition.message
        assert condition.observed_generation == result.deployment.metadata.generation
    if conditions["Ready"].status == "True":
        assert not {"Stalled", "Reconciling"} & set(conditions)
        assert status.stable is not None
        assert status.stable.revision == seen.declared
        assert _ready(result, status.stable.revision) > 0
        if result.deployment.spec.traffic.gateway:
            assert seen.route is not None
            assert seen.route.accepted
            assert seen.route.weights.get(seen.declared) == 100
        else:
            assert seen.service_target == seen.declared
    else:
        assert len({"Stalled", "Reconciling"} & set(conditions)) == 1
    if conditions["Available"].status == "True":
        assert any(_serves(state, status) for state in seen.revisions.values())


def _serves(state: RevisionState, status: ModelDeploymentStatus) -> bool:
    named = {slot.revision for slot in (status.stable, status.fallback) if slot}
    return state.name in named and state.ready > 0


def deciding_again_changes_nothing(world: World, result: Round) -> None:
    """The outcome, written and read again, with nothing else changed, leads to the same outcome and to no event."""
    status, told = result.decision.status, {happening.reason for happening in result.decision.happenings}
    if "RolledBack" in told and status.candidate is not None and status.candidate.weight > 0:
        return  # the judge's word was about what was sent back; of the candidate it has said nothing yet
    written = result.decision.status.to_dict()
    deployment = parse_deployment({**result.deployment.to_dict(), "status": written})
    assert deployment.status.to_dict() == written
    written_too = _with_records(result)
    forgotten = status.rejected is None and ("RolledBack" in told or result.deployment.status.rejected is not None)
    for seen in (result.seen, written_too):
        again = decide(deployment, seen, world.now)
        assert again.happenings == (), again.happenings
        assert again.status.to_dict() == written
        if {"Started", "RolledBack"} <= told:
            return  # pods left from an earlier life of what was sent back as soon as it was tried may be drained longer
        if forgotten and seen is result.seen:
            continue  # that a version was sent back is in its record alone, once another one is declared
        assert again.desired == result.decision.desired
    first = {name: status.to_dict() for name, status in result.decision.revisions.items()}
    again = decide(deployment, written_too, world.now)
    assert {name: status.to_dict() for name, status in again.revisions.items()} == first


def _with_records(result: Round) -> Observation:
    """What is seen once the revisions' own records are written, too."""
    states = {
        name: replace(state, revision=state.revision.with_changes(status=result.decision.revisions[name]))
        for name, state in result.seen.revisions.items()
    }
    return replace(result.seen, revisions=states)
