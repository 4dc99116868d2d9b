"""What is put before the judge: whose trial it is, in which part of it, and the evidence so far. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tandem.api.objects import ModelDeployment
from tandem.judge import (
    TURNED_AWAY,
    Counts,
    Evidence,
    History,
    Increment,
    Settings,
    Verdict,
    VerdictKind,
    WatchEvidence,
    add,
    add_watch,
    empty,
    next_step,
    verdict,
    watch_evidence,
    watch_verdict,
)
from tandem.judge.evidence import DEFAULT_ALLOWED
from tandem.rollout.contract import contract_in_force
from tandem.rollout.terms import seconds_granted, settings_at, shares_granted
from tandem.signals import ERRORS, Ledger, increments, named_metrics
from tandem.signals.queries import queried_metrics
from tandem.signals.store import ledger_to_dict
from tandem.signals.tallies import GATEWAY_ERRORS, TallyLedger, tallies_to_dict

NO_TALLIES: Final = TallyLedger()


@dataclass(frozen=True)
class Subject:
    """Whose trial it is. A trial of another attempt begins afresh."""

    revision: str
    attempt: int
    stable: str | None = None
    """Whom it is compared with; None in the watch window, where nobody else gets requests."""
    step: int = 0
    alone: bool = False
    """The candidate has all the weight, and is judged by itself: what stable still answers is what was on its way, or
    callers that do not come through the gateway."""

    @property
    def watched(self) -> bool:
        """Whether this is the watch window."""
        return self.stable is None

    def other_than(self, other: "Subject") -> bool:
        """Tell whether the other is another trial, or another part of it."""
        return (self.revision, self.attempt, self.stable) != (other.revision, other.attempt, other.stable)

    def continues(self, other: "Subject") -> bool:
        """Tell whether this is the watch window that follows the other's rollout."""
        return self.watched and not other.watched and self.revision == other.revision


def subject_of(deployment: ModelDeployment) -> Subject | None:
    """Return whose trial is on, as the status says."""
    status = deployment.status
    candidate, stable, fallback = status.candidate, status.stable, status.fallback
    if stable is None:
        return None
    if fallback is not None and (candidate is None or candidate.weight == 0):
        return Subject(stable.revision, int(stable.since.timestamp()))
    if candidate is not None and not candidate.restore:
        alone = candidate.weight == 100 and candidate.weight_since is not None
        return Subject(candidate.revision, candidate.attempt, stable.revision, candidate.step, alone)
    return None


def by_users(deployment: ModelDeployment, subject: Subject) -> bool:
    """Tell whether what is counted now was asked by users: while a candidate is asked by Tandem, stable may be too."""
    candidate = deployment.status.candidate
    if candidate is None or candidate.asked_since is None or deployment.spec.quality is None:
        return True
    return subject.watched and not stable_is_asked(deployment)


def gets_requests(deployment: ModelDeployment, subject: Subject, counts: Mapping[str, Mapping[str, Counts]]) -> bool:
    """Tell whether the version judged gets requests: by the gateway's word, or since some of its own were counted."""
    candidate = deployment.status.candidate
    given = subject.watched or (candidate is not None and candidate.weight_since is not None)
    return given or any(increment.total for increment in counts.get(subject.revision, {}).values())


def stable_is_asked(deployment: ModelDeployment) -> bool:
    """Tell whether Tandem asks stable beside the candidate."""
    candidate, quality = deployment.status.candidate, deployment.spec.quality
    asks = quality is not None and quality.asks_stable
    return asks and candidate is not None and candidate.asked_since is not None


def settings_of(deployment: ModelDeployment, subject: Subject) -> Settings:
    """Return how sure the judge must be, from the spec and the step that the candidate is at."""
    return settings_at(deployment.spec.rollout, contract_in_force(deployment), subject.step)


def objective_seconds(deployment: ModelDeployment) -> dict[str, float]:
    """Return the latency objectives in seconds, by metric."""
    return seconds_granted(contract_in_force(deployment))


def allowed_shares(deployment: ModelDeployment) -> dict[str, float]:
    """Return the share of bad requests that the objectives grant, by metric."""
    shares = shares_granted(contract_in_force(deployment))
    # Whoever declares an availability means what callers see, and they see the gateway.
    return shares | {name: shares[ERRORS] for name in gateway_metrics(deployment) if ERRORS in shares}


def gateway_metrics(deployment: ModelDeployment) -> frozenset[str]:
    """Return what is judged by the gateway's own counts."""
    return frozenset({GATEWAY_ERRORS} if deployment.spec.rollout.evidence.gateway is not None else ())


def named_in(deployment: ModelDeployment) -> dict[str, str]:
    """Return the metrics of the user's own by name, with the mark of what they are counted by."""
    evidence = deployment.spec.rollout.evidence
    counters = {metric.name: metric.counted_by for metric in named_metrics(evidence)}
    return counters | {metric.name: metric.counted_by for metric in queried_metrics(evidence)}


@dataclass(frozen=True)
class Exhibit:
    """The evidence of one trial.

    ``named``: see `named_in`. No objective says how often such a metric may be bad, so it is only ever judged by what
    stable had: nothing is counted of a candidate before something was counted of stable.
    """

    subject: Subject
    evidence: Evidence | WatchEvidence
    named: Mapping[str, str] = field(default_factory=dict)

    def at(self, subject: Subject) -> "Exhibit":
        """Return the exhibit at the subject's step: evidence in its favour begins afresh with each.

        So it does when the candidate gets all the weight: until then stable answered, and the two were compared.
        """
        same = (subject.step, subject.alone) == (self.subject.step, self.subject.alone)
        if isinstance(self.evidence, Evidence) and not same:
            evidence = next_step(self.evidence)
            return replace(self, subject=subject, evidence=self._by_record(evidence) if subject.alone else evidence)
        return replace(self, subject=subject)

    def _by_record(self, evidence: Evidence) -> Evidence:
        """Allow a candidate that is judged by itself what stable's record allows, where no objective says it."""
        return Evidence({
            name: replace(metric, allowed=metric.tolerated) if name in self.named else metric
            for name, metric in evidence.metrics.items()
        })  # fmt: skip

    def under(
        self, declared: Collection[str], named: Mapping[str, str], granted: Mapping[str, float] | None = None
    ) -> "Exhibit":
        """Return the exhibit under these latency objectives and other metrics, and the user's own (see `named_in`).

        What was taken back or is counted otherwise is dropped; what is new is there from now on, and unmeasured.
        ``granted``: the bad share that objectives grant, by metric; what is new is judged by that.
        """
        same = {name for name, counted_by in named.items() if self.named.get(name) == counted_by}
        metrics = {ERRORS, TURNED_AWAY, *declared, *same}
        shares = {name: share for name, share in (granted or {}).items() if name in metrics}
        if isinstance(self.evidence, WatchEvidence):
            watched = {name: metric for name, metric in self.evidence.metrics.items() if name in metrics}
            new = {name: share for name, share in shares.items() if name not in watched}
            begun = watch_evidence(Evidence(), new)
            return replace(self, evidence=WatchEvidence({**watched, **begun.metrics}), named=named)
        kept = {name: metric for name, metric in self.evidence.metrics.items() if name in metrics}
        shares = dict.fromkeys(named, DEFAULT_ALLOWED) | shares
        unmeasured = empty({name: share for name, share in shares.items() if name not in kept})
        return replace(self, evidence=Evidence({**kept, **unmeasured.metrics}), named=named)

    def promoted(self, subject: Subject, deployment: ModelDeployment) -> "Exhibit":
        """Return the exhibit of the watch window: judged against the record that the old stable left."""
        before = self.evidence if isinstance(self.evidence, Evidence) else empty()
        known = {name: metric for name, metric in before.metrics.items() if self._has_record(name)}
        return Exhibit(subject, watch_evidence(Evidence(known), allowed_shares(deployment)), self.named)

    def after(
        self, counts: Mapping[str, Mapping[str, Counts]], turned_away: Mapping[str, Counts] | None = None
    ) -> "Exhibit":
        """Return the exhibit with what was counted since the last look, by revision and metric.

        ``turned_away``: requests refused because a version was busy, of all that asked, by revision.
        """
        name, stable = self.subject.revision, None if self.subject.alone else self.subject.stable
        if isinstance(self.evidence, WatchEvidence):
            known = {metric: found for metric, found in counts.get(name, {}).items() if self._has_record(metric)}
            return replace(self, evidence=add_watch(self.evidence, known))
        came = {
            metric: increment
            for metric, increment in increments(counts, name, stable or "").items()
            if increment.stable.total or self._has_record(metric)
        }
        if stable is not None and turned_away:
            came[TURNED_AWAY] = Increment(turned_away.get(name, Counts()), turned_away.get(stable, Counts()))
        return replace(self, evidence=add(self.evidence, came))

    def _has_record(self, metric: str) -> bool:
        """Tell whether it is known how bad a version may be: by stable's record, or always but for the user's own."""
        if metric not in self.named:
            return True
        if isinstance(self.evidence, WatchEvidence):
            return metric in self.evidence.metrics
        known = self.evidence.metrics.get(metric)
        return known is not None and known.rollout.stable.total > 0

    def verdict(self, settings: Settings, unseen: Collection[str] = ()) -> Verdict:
        """Return what the judge says. ``unseen``: metrics that cannot be read now and that nobody waits for.

        They still speak against a candidate by what was counted before; they only do not keep it from going on.
        """
        if isinstance(self.evidence, WatchEvidence):
            return watch_verdict(self.evidence, settings)
        found = verdict(self.evidence, settings)
        seen = {name: metric for name, metric in self.evidence.metrics.items() if name not in unseen}
        if found.kind is not VerdictKind.UNDECIDED or len(seen) == len(self.evidence.metrics):
            return found
        without = verdict(Evidence(seen), settings)
        return without if without.kind is VerdictKind.ADVANCE else found

    def to_dict(self, ledger: Ledger, tallies: TallyLedger = NO_TALLIES) -> dict[str, Any]:
        """Return it, with the counters it was taken from, as it goes into the revision's status."""
        return {
            "part": "watch" if self.subject.watched else "rollout",
            "attempt": self.subject.attempt,
            "step": self.subject.step,
            "alone": self.subject.alone,
            "evidence": self.evidence.to_dict(),
            **({"named": dict(self.named)} if self.named else {}),
            "ledger": ledger_to_dict(ledger),
            **({"tallies": tallies_to_dict(tallies)} if tallies.stands else {}),
        }


def after_look(
    exhibit: Exhibit,
    subject: Subject,
    deployment: ModelDeployment,
    counts: Mapping[str, Mapping[str, Counts]],
    turned_away: Mapping[str, Counts],
) -> Exhibit:
    """Return the exhibit after a look: as the spec declares it now, and with what was counted, if that is evidence.

    What Tandem itself asked a candidate and stable before the first weight is none. Nor is what stable answers users
    while the candidate gets nothing: it would all be one block with the first of the candidate's requests, and a bad
    spell of stable's in that time would hide a bad candidate. Without a gateway there are no such blocks, as the two
    never answer side by side; what stable answers is the record that the watch window goes by.
    """
    declared = {*objective_seconds(deployment), *gateway_metrics(deployment)}
    exhibit = exhibit.under(declared, named_in(deployment), allowed_shares(deployment)).at(subject)
    side_by_side = deployment.spec.traffic.gateway is not None
    if not by_users(deployment, subject) or (side_by_side and not gets_requests(deployment, subject, counts)):
        return exhibit
    return exhibit.after(counts, turned_away)


def begin(subject: Subject, deployment: ModelDeployment, history: History | None = None) -> Exhibit:
    """Return an exhibit without evidence. ``history``: what was learned of stable before."""
    shares, named = allowed_shares(deployment), named_in(deployment)
    if subject.watched:
        return Exhibit(subject, watch_evidence(empty(shares), shares), named)
    judged = dict.fromkeys((ERRORS, *gateway_metrics(deployment), *named), DEFAULT_ALLOWED)
    return Exhibit(subject, empty(judged | shares, history), named)
