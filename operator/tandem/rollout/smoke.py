"""The short questions to pods that came after their version's verdict: a node, a volume, a start may be another one.

They hold nothing up. A pod of a candidate that answers wrongly sends the candidate back; one of the version that serves
is named, and a person has it replaced. What is on record of them goes with the pods.
"""

import zlib
from datetime import datetime, timedelta
from typing import Final

from tandem.api.revision import MissedPod, Smoke
from tandem.api.status import CandidateSlot, StableSlot
from tandem.manifests.smoke import SmokeTest
from tandem.rollout.draft import Draft
from tandem.rollout.observation import PodState, RevisionState
from tandem.rollout.operational import Finding
from tandem.rollout.quality import (
    QUALITY_FAILED,
    QUALITY_MISSED,
    QUALITY_UNCHECKED,
    is_open,
    is_unrecorded,
    quality_missed,
    told_before,
)

SMOKE_EVERY: Final = timedelta(minutes=1)
"""Pods that come by the dozen are asked together, not each by a pod of its own."""

ASKED_AGAIN_AFTER: Final = timedelta(minutes=10)
"""A pod that serves and answered wrongly may have come round, and need not be told of for ever."""

LASTING: Final = timedelta(minutes=10)
"""That a ready pod could not be asked is told after so long: sooner, it is no news to anybody."""

LOOK_AGAIN_SECONDS: Final = 30.0
"""While pods are asked, or cannot be: that the pod that asks will never end is told by no event."""

AT_A_TIME: Final = 20
MOST_KNOWN: Final = 1000
"""Pods of one version that are remembered; further ones are not asked."""
MOST_MISSED: Final = 20

PODS_MISSED: Final = "PodsMissed"

_Slot = CandidateSlot | StableSlot


def smoke_due(draft: Draft) -> SmokeTest | None:
    """Return which pods shall be asked now: of the candidate first, then of what serves, of one version at a time."""
    if draft.seen.smoke.on is not None or draft.seen.smoke.trouble is not None:
        return None
    for slot in _slots(draft):
        if draft.now >= _next(draft, slot):
            found = _test(draft, slot)
            if found is not None:
                return found
    return None


def seconds_until_smoke(draft: Draft) -> float | None:
    """Return when to look again: at pods that are asked, were asked in vain, or wait since others were just now."""
    if draft.seen.smoke.report is not None:
        return 0.0  # it is written down, and its pod is to go
    if draft.seen.smoke.on is not None or draft.seen.smoke.trouble is not None:
        return LOOK_AGAIN_SECONDS
    waits = [_next(draft, slot) - draft.now for slot in _slots(draft) if _unasked(draft, slot)]
    if draft.stable is not None and _missed(draft, draft.stable):
        waits.append(_next(draft, draft.stable) - SMOKE_EVERY + ASKED_AGAIN_AFTER - draft.now)
    later = [wait.total_seconds() for wait in waits if wait > timedelta(0)]
    return min(later, default=None)


def smoke_record(draft: Draft, state: RevisionState) -> Smoke | None:
    """Return what is known of a version's pods: written when some were asked, and of living ones only."""
    known = _with_news(draft, state)
    if known is None:
        return None
    alive = {pod.uid for pod in state.pods}
    pods = [uid for uid in known.pods or [] if uid in alive][:MOST_KNOWN]
    missed = [each for each in known.missed or [] if each.uid in alive][:MOST_MISSED]
    return known.with_changes(pods=pods or None, missed=missed or None)


def smoke_complaint(draft: Draft) -> tuple[str, str] | None:
    """Return reason and message if a pod of the candidate does not answer as the first ones did."""
    slot = draft.candidate
    if slot is None or slot.restore or slot.promoted_by is not None or draft.deployment.spec.quality is None:
        return None
    missed = _missed(draft, slot)
    if not missed:
        return None
    return QUALITY_FAILED, f"not all of its pods answer the questions of spec.quality as they should: {_told(missed)}"


def smoke_missed(draft: Draft) -> Finding | None:
    """Return the condition of a version that serves of whose pods some answer wrongly, or cannot be asked for long."""
    slot = draft.stable
    if slot is None or draft.deployment.spec.quality is None:
        return None
    missed = _missed(draft, slot)
    if missed:
        names = " ".join(each.name for each in missed)
        what = f"{slot.revision} serves, and not all of its pods answer as they should: {_told(missed)}"
        return ("True", PODS_MISSED, f"{what}. Nothing is taken away for it; kubectl delete pod {names} replaces them")
    trouble = draft.seen.smoke.trouble
    waiting = [pod.name for pod in _unasked(draft, slot) if _is_waiting(draft, pod)]
    if not waiting:
        return None
    if trouble is None:
        # They are asked once more, and what was said stands until they have answered: it would come and go otherwise.
        before = told_before(draft)
        return before if before is not None and before[0] == "Unknown" else None
    what = f"{len(waiting)} pods of {slot.revision} that came later cannot be asked, {waiting[0]} for one: {trouble}"
    return ("Unknown", QUALITY_UNCHECKED, what)


def tell_of_smoke(draft: Draft) -> None:
    """Tell of pods of the version that serves that are found wanting, once: when the condition begins to say so."""
    found = smoke_missed(draft) if quality_missed(draft) is None else None
    if found is not None and found[0] == "True" and found != told_before(draft):
        draft.tell_warning(QUALITY_MISSED, found[2])


def _slots(draft: Draft) -> list[_Slot]:
    """Return whose pods may be asked; beside a full examination nobody's are."""
    quality = draft.seen.quality
    if draft.deployment.spec.quality is None or (quality is not None and is_open(quality)):
        return []
    candidate = draft.candidate if draft.candidate is not None and not draft.candidate.restore else None
    slots: list[_Slot] = [slot for slot in (candidate, draft.stable) if slot is not None]
    return [slot for slot in slots if slot.revision in draft.seen.smoke.able]


def _next(draft: Draft, slot: _Slot) -> datetime:
    known = _with_news(draft, draft.state(slot))
    return known.at + SMOKE_EVERY if known is not None else draft.now


def _test(draft: Draft, slot: _Slot) -> SmokeTest | None:
    state = draft.state(slot)
    due = _unasked(draft, slot)
    # With the one that they are compared with, half of them: nothing counts of these meanwhile, and the others are
    # judged on. Of two or three one has to be asked all the same.
    most = min(AT_A_TIME, max(state.ready // 2 - 1, 1))
    batch = sorted(due, key=lambda pod: _turn(pod, draft.now))[:most]
    if not batch:
        return None
    known = _known(draft, slot)
    asked = set((known.pods if known is not None else None) or [])
    beside = next((pod for pod in state.within_reach if pod.uid in asked), batch[0])
    return SmokeTest(
        revision=slot.revision,
        attempt=_attempt(draft, slot),
        pods=tuple(pod.uid for pod in batch),
        addresses=tuple(pod.ip or "" for pod in batch),
        beside=beside.ip or "",
        beside_uid=beside.uid,
    )


def _turn(pod: PodState, now: datetime) -> tuple[int, str]:
    """Return a pod's place among those that are asked: another one in each round.

    Some pods that are ready and give no answer use up a round's time; they must not stand first in each.
    """
    turn = int(now.timestamp() // SMOKE_EVERY.total_seconds())
    return zlib.crc32(f"{pod.uid} {turn}".encode()), pod.uid


def _unasked(draft: Draft, slot: _Slot) -> list[PodState]:
    """Return the ready pods that were never asked, and of what serves, now and then, those that answered wrongly."""
    known, ready = _known(draft, slot), draft.state(slot).within_reach
    if known is None:
        return list(ready)
    passed, missed = {*(known.pods or [])}, {each.uid for each in known.missed or []}
    if len(passed) + len(missed) >= MOST_KNOWN:
        return []
    new = [pod for pod in ready if pod.uid not in passed | missed]
    # Beside new ones, too: it is known when the last were asked, which is always just now where others keep coming.
    again = isinstance(slot, StableSlot) and (new or draft.now - known.at >= ASKED_AGAIN_AFTER)
    return [pod for pod in ready if pod.uid not in passed] if again else new


def _known(draft: Draft, slot: _Slot) -> Smoke | None:
    known = _with_news(draft, draft.state(slot))
    return known if known is not None and known.attempt == _attempt(draft, slot) else None


def _attempt(draft: Draft, slot: _Slot) -> int:
    return slot.attempt if isinstance(slot, CandidateSlot) else draft.state(slot).revision.status.attempt


def _missed(draft: Draft, slot: _Slot) -> list[MissedPod]:
    """Return the pods that are there and answered wrongly."""
    known = _known(draft, slot)
    alive = {pod.uid for pod in draft.state(slot).pods if not pod.terminating}
    return [each for each in (known.missed if known is not None else None) or [] if each.uid in alive]


def _told(missed: list[MissedPod]) -> str:
    more = f"; and {len(missed) - 3} more" if len(missed) > 3 else ""
    return "; ".join(f"pod {each.name}: {each.why}" for each in missed[:3]) + more


def _is_waiting(draft: Draft, pod: PodState) -> bool:
    return pod.ready_since is not None and draft.now - pod.ready_since >= LASTING


def _with_news(draft: Draft, state: RevisionState) -> Smoke | None:
    known, quality, smoke = state.revision.status.smoke, draft.seen.quality, draft.seen.smoke
    if quality is not None and quality.report is not None and is_unrecorded(quality, state.name):
        report = quality.report
        return Smoke(attempt=report.attempt, at=report.at, pods=list(quality.asked) or None, missed=None)
    news = smoke.report
    if news is None or smoke.on != state.name:
        return known
    if known is None or known.attempt != news.attempt:
        return news
    asked = {*(news.pods or []), *(each.uid for each in news.missed or [])}
    pods = [*(uid for uid in known.pods or [] if uid not in asked), *(news.pods or [])]
    missed = [*(each for each in known.missed or [] if each.uid not in asked), *(news.missed or [])]
    return news.with_changes(pods=pods, missed=missed)
