"""The rules of one model: what is recorded, and when which owner is called."""

from collections.abc import Iterator
from typing import Any, Final

from tandem.account.remedies import Side, reasons_of
from tandem.alerting.burn import BURNS, FEWEST_BAD, OFTEN, SELDOM, Burn
from tandem.alerting.counted import AVAILABILITY, Objective, objectives_of
from tandem.alerting.severity import Urgency, severity
from tandem.api.objects import ModelDeployment
from tandem.api.spec import Owner, Owners

Rule = dict[str, Any]

ALL: Final = "tandem:requests:increase"
BAD: Final = "tandem:requests_bad:increase"
CONDITION: Final = "tandem_model_condition"
"""What the operator tells of conditions; its labels do not collide with those of its own pod."""

ORIGIN: Final = {"origin": "tandem"}
"""A label that all these alerts have and no other ones."""


def groups(deployment: ModelDeployment) -> list[dict[str, Any]]:
    """Return the groups of rules for a model, as a rule file of Prometheus has them."""
    meta = deployment.metadata
    name, declared = f"{meta.namespace}-{meta.name}", objectives_of(deployment)
    found: list[dict[str, Any]] = []
    if declared:
        for part, interval, windows in (("often", "30s", OFTEN), ("seldom", "5m", SELDOM)):
            recorded = [rule for each in declared for rule in _recorded(deployment, each, windows)]
            found.append({"name": f"tandem-{name}-{part}", "interval": interval, "rules": recorded})
        burning = [_burning(deployment, each, burn) for each in declared for burn in BURNS]
        found.append({"name": f"tandem-{name}-objectives", "rules": burning})
    found.append({"name": f"tandem-{name}-conditions", "rules": list(_conditions(deployment))})
    return found


def owner_of(owners: Owners, side: Side) -> Owner:
    """Return the owner of a side; the other one, where a model has only that."""
    first, second = owners.data_science, owners.engineering
    found = (first or second) if side == "dataScience" else (second or first)
    assert found is not None, "the schema asks for one"
    return found


def _recorded(deployment: ModelDeployment, objective: Objective, windows: tuple[str, ...]) -> Iterator[Rule]:
    labels = {**_model(deployment), "objective": objective.name}
    for window in windows:
        for record, which in ((ALL, "all_"), (BAD, "bad")):
            yield {"record": record + window, "expr": objective.counted(which, window), "labels": dict(labels)}


def _burning(deployment: ModelDeployment, objective: Objective, burn: Burn) -> Rule:
    told_by = ",".join(
        f'{name}="{value}"' for name, value in {**_model(deployment), "objective": objective.name}.items()
    )
    limit = f"{burn.threshold(objective.share):.6g}"

    def share(window: str) -> str:
        return f"{BAD}{window}{{{told_by}}} / {ALL}{window}{{{told_by}}}"

    name = "ModelFailing" if objective.name == AVAILABILITY else "ModelSlow"
    alert = _alert(deployment, name, "engineering", burn.urgency)
    alert["expr"] = (
        f"{share(burn.long)} > {limit} and {share(burn.short)} > {limit} "
        f"and {BAD}{burn.long}{{{told_by}}} >= {FEWEST_BAD}"
    )
    alert["labels"] |= {"objective": objective.name, "window": burn.long}
    alert["annotations"] |= {
        "summary": f"{_named(deployment)} burns its budget of bad requests: {objective.promise}",
        "description": (
            f"In {burn.long} {{{{ $value | humanizePercentage }}}} of its requests were bad, and in the last "
            f"{burn.short} more than {float(limit):.3%} were, too; {objective.share:.4%} may be, over 30 days. "
            f"`tandem get {deployment.metadata.name} -n {deployment.metadata.namespace}` says what changed and what is "
            "safe to do."
        ),
    }
    return alert


def _conditions(deployment: ModelDeployment) -> Iterator[Rule]:
    """Yield the alerts on what the operator says of the model, and on its silence."""
    unavailable = 'type="Available",status="False"'
    yield _on_condition(deployment, "ModelUnavailable", "engineering", Urgency.NOW, unavailable)
    theirs = "|".join(reasons_of("dataScience"))
    sides: tuple[tuple[Side, str], ...] = (("dataScience", "=~"), ("engineering", "!~"))
    for side, operator in sides:
        matcher = f'type="Stalled",status="True",reason{operator}"{theirs}"'
        yield _on_condition(deployment, "ModelStalled", side, Urgency.BY_DAY, matcher)
    missed = 'type="ObjectiveMissed",status="True"'
    yield _on_condition(deployment, "ModelObjectiveMissed", "engineering", Urgency.BY_DAY, missed)
    stale = 'type="Stale",status="True"'
    yield _on_condition(deployment, "ModelStale", "dataScience", Urgency.SOME_DAY, stale)
    due = 'type="ReviewDue",status="True"'
    yield _on_condition(deployment, "ModelReviewDue", "dataScience", Urgency.SOME_DAY, due)
    if owner_of(deployment.spec.owners, "dataScience") != owner_of(deployment.spec.owners, "engineering"):
        yield _on_condition(deployment, "ModelReviewDue", "engineering", Urgency.SOME_DAY, due)
    any_ = 'type="Available"'
    silent = _on_condition(deployment, "ModelNotWatched", "engineering", Urgency.BY_DAY, any_)
    silent["annotations"]["summary"] = f"nobody watches {_named(deployment)}"
    silent["annotations"]["description"] = (
        "The operator has told nothing of it for 15 minutes: it is away, or its /metrics is not scraped. What serves "
        "goes on serving; no bad version is sent back meanwhile."
    )
    yield {**silent, "expr": f"absent({_series_of(deployment, any_)})", "for": "15m"}


def _on_condition(deployment: ModelDeployment, name: str, side: Side, urgency: Urgency, matchers: str) -> Rule:
    alert = _alert(deployment, name, side, urgency)
    alert |= {"expr": _asked(deployment, matchers), "for": "1m"}
    where = f"{deployment.metadata.name} -n {deployment.metadata.namespace}"
    alert["annotations"] |= {
        "summary": f"{_named(deployment)}: {_WORDS[name]} ({{{{ $labels.reason }}}})",
        "description": f"`tandem get {where}` has the message, what changed, and what is safe to do.",
    }
    return alert


_WORDS: Final = {
    "ModelUnavailable": "no good version serves",
    "ModelStalled": "it goes nowhere without somebody's doing",
    "ModelObjectiveMissed": "the version that serves misses an objective",
    "ModelStale": "the model is older than it may be",
    "ModelReviewDue": "the declaration is to be looked at again",
    "ModelNotWatched": "nobody watches it",
}


def _alert(deployment: ModelDeployment, name: str, side: Side, urgency: Urgency) -> Rule:
    spec = deployment.spec
    owner = owner_of(spec.owners, side)
    labels = {
        **_model(deployment),
        **ORIGIN,
        "tier": spec.tier,
        "side": side,
        "team": _plain(owner.team),
        "severity": severity(spec.tier, urgency),
    }
    annotations = {"contact": _plain(owner.contact), **({"runbook_url": spec.runbook} if spec.runbook else {})}
    return {"alert": name, "expr": "", "labels": labels, "annotations": annotations}


def _plain(text: str) -> str:
    """Return a person's words so that Prometheus takes them for no template of its own."""
    return text.replace("{{", '{{ "{{" }}')


def _asked(deployment: ModelDeployment, matchers: str) -> str:
    return f"max by (reason) ({_series_of(deployment, matchers)}) == 1"


def _series_of(deployment: ModelDeployment, matchers: str) -> str:
    meta = deployment.metadata
    return f'{CONDITION}{{model_namespace="{meta.namespace}",model="{meta.name}",{matchers}}}'


def _model(deployment: ModelDeployment) -> dict[str, str]:
    return {"namespace": deployment.metadata.namespace, "model": deployment.metadata.name}


def _named(deployment: ModelDeployment) -> str:
    return f"{deployment.metadata.namespace}/{deployment.metadata.name}"
