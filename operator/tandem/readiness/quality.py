"""Checks of what a new version is asked before its first user, and of what shows later that its answers get worse."""

from tandem.readiness.answers import Answer, Severity, Side, fails, not_applicable, passes
from tandem.readiness.checks import Levels, Question
from tandem.readiness.facts import Facts

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@Question(
    id="TDM019",
    title="A new version is asked edge cases before its first user",
    side=Side.DATA_SCIENCE,
    levels=Levels(None, WARNING, ERROR),
    why="A rollout sees errors and latency. An answer that is quick and wrong, for the input that was wrong last time "
    "too, it does not see.",
    fix="Keep requests whose answers are known, such as those that once went wrong, and name them in "
    "quality.edgeCases; `tandem init` drafts some from rows.",
    accept="spec.quality.edgeCases names cases that data science has confirmed, and `tandem check` passes.",
    snippet="quality:\n  edgeCases:\n    rows:\n    - configMap: fraud-edge-cases",
)
def edge_cases(facts: Facts) -> Answer:
    """Ask for recorded requests whose answers are known."""
    declared = facts.spec.quality
    if declared is None or declared.edge_cases is None:
        return fails("no edge cases are declared", "spec", "quality")
    return passes("edge cases are asked")


@Question(
    id="TDM020",
    title="It is said whether people are the subjects",
    side=Side.DATA_SCIENCE,
    levels=Levels(None, WARNING, ERROR),
    why="A model that decides about people can be good on average and bad for some of them; somebody has to ask.",
    fix="Say model.subjects: People, or None if its answers are not about people.",
    accept="spec.model.subjects is declared.",
    snippet="model:\n  subjects: People",
)
def subjects(facts: Facts) -> Answer:
    """Ask whom the answers are about."""
    declared = facts.spec.model.subjects
    if declared is None:
        return fails("nothing says whether its answers are about people", "spec", "model")
    return passes(f"subjects are declared: {declared}")


@Question(
    id="TDM021",
    title="Where people are the subjects, each group is looked at",
    side=Side.DATA_SCIENCE,
    levels=Levels(None, WARNING, ERROR),
    why="The mean hides the few: a version that is better for most and worse for one group passes every other check.",
    fix="Name labelled rows and, in quality.slices.gates, a field that makes groups, with a floor or a largest gap.",
    accept="spec.quality.slices has a gate with a field whose groups may not fare worse.",
    snippet="quality:\n  slices:\n    rows:\n    - secret: labelled-rows\n    answer: /score\n    threshold: 0.5\n"
    "    gates:\n    - {field: sex, metric: recall, min: 0.8, maxGap: 0.05}",
)
def slices(facts: Facts) -> Answer:
    """Ask for a gate by group, of models that decide about people."""
    if facts.spec.model.subjects is None:
        return not_applicable("whether people are the subjects is not declared")
    if facts.spec.model.subjects == "None":
        return not_applicable("no people are the subjects")
    declared = facts.spec.quality
    gates = declared.slices.gates if declared is not None and declared.slices is not None else []
    fields = sorted({gate.field for gate in gates if gate.field is not None})
    if not fields:
        told = "no gate looks at groups" if gates else "no slices are declared"
        return fails(f"{told}, though people are the subjects", "spec", "quality")
    return passes(f"looked at by {', '.join(fields)}")


@Question(
    id="TDM022",
    title="Something shows when its answers drift",
    side=Side.DATA_SCIENCE,
    levels=Levels(None, INFO, WARNING),
    why="The world changes and the answers get worse without any error; labels come weeks later, if at all.",
    fix="Count something of the answers in the bento, such as those of low confidence, and name the counters in "
    "rollout.evidence.metrics: rollouts are judged by them, and a dashboard or an alert can follow them afterwards.",
    accept="spec.rollout.evidence.metrics names counters that the bento writes.",
    snippet="rollout:\n  evidence:\n    metrics:\n    - name: low-confidence\n"
    "      bad: {counter: predictions_total, labels: {confidence: low}}\n      total: {counter: predictions_total}",
)
def drift(facts: Facts) -> Answer:
    """Ask for a counter of the answers themselves."""
    metrics = facts.spec.rollout.evidence.metrics or []
    if not metrics:
        return fails("nothing that the model answers is counted", "spec", "rollout")
    return passes(f"counted: {', '.join(metric.name for metric in metrics)}")
