"""The figures, against scikit-learn, fairlearn and scipy; and how often a model that is fair is refused."""

from typing import Any

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from sklearn import metrics

from tandem.api.quality import Metric, Slices
from tandem.quality.bounds import beta_quantile, incomplete_beta, mean_estimate, share_estimate, student_quantile
from tandem.quality.outcome import Outcome
from tandem.quality.rows import Row
from tandem.quality.slices import SliceTally

CLASSES: dict[Metric, Any] = {
    "accuracy": metrics.accuracy_score,
    "recall": metrics.recall_score,
    "precision": metrics.precision_score,
    "f1": metrics.f1_score,
}
NUMBERS: dict[Metric, Any] = {"mae": metrics.mean_absolute_error, "rmse": metrics.root_mean_squared_error}


def slices(*gates: dict[str, Any], **settings: Any) -> Slices:
    return Slices.model_validate({"rows": [{"configMap": "rows"}], "answer": "", "gates": list(gates), **settings})


def tallied(declared: Slices, labels: Any, said: Any, groups: Any, stable: Any = None) -> SliceTally:
    tally = SliceTally(declared)
    for index, (label, answer, group) in enumerate(zip(labels, said, groups, strict=True)):
        row = Row(f"row {index}", {}, label, {"sex": group})
        its = None if stable is None else stable[index]
        tally.take(row, answer, its, by_stable=stable is not None)
    return tally


def estimates(tally: SliceTally, metric: Metric) -> dict[str, float]:
    [groups] = tally._groups
    found = {name.removeprefix("sex "): group.candidate.estimate(metric, 0.01).value for name, group in groups.items()}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("metric", CLASSES)
def test_classes_are_measured_as_scikit_learn_and_fairlearn_do(metric: Metric) -> None:
    random = np.random.default_rng(1)
    labels = random.random(997) < 0.3
    said = np.where(random.random(997) < 0.8, labels, ~labels)
    groups = random.choice(["F", "M", "X"], 997)
    tally = tallied(slices({"field": "sex", "metric": metric, "min": 0.5}), labels.tolist(), said.tolist(), groups)
    frame = MetricFrame(metrics=CLASSES[metric], y_true=labels, y_pred=said, sensitive_features=groups)
    found = estimates(tally, metric)
    assert found == pytest.approx(frame.by_group.to_dict(), rel=1e-14)
    assert max(found.values()) - min(found.values()) == pytest.approx(frame.difference(), rel=1e-12)


@pytest.mark.parametrize("metric", NUMBERS)
def test_numbers_are_measured_as_scikit_learn_and_fairlearn_do(metric: Metric) -> None:
    random = np.random.default_rng(2)
    labels = random.normal(150, 70, 1003)
    said = labels + random.standard_t(3, 1003) * 40
    groups = random.choice(["F", "M"], 1003)
    tally = tallied(slices({"field": "sex", "metric": metric, "max": 50}), labels.tolist(), said.tolist(), groups)
    frame = MetricFrame(metrics=NUMBERS[metric], y_true=labels, y_pred=said, sensitive_features=groups)
    assert estimates(tally, metric) == pytest.approx(frame.by_group.to_dict(), rel=1e-13)


@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_a_threshold_makes_classes_of_numbers(threshold: float) -> None:
    random = np.random.default_rng(3)
    labels, scores = random.random(500) < 0.4, random.random(500)
    declared = slices({"field": "sex", "metric": "recall", "min": 0.5}, threshold=threshold)
    tally = tallied(declared, labels.tolist(), scores.tolist(), ["F"] * 500)
    assert estimates(tally, "recall")["F"] == pytest.approx(metrics.recall_score(labels, scores >= threshold))


@pytest.mark.parametrize(
    ("hits", "total"), [(0, 1), (1, 1), (3, 10), (50, 50), (61, 97), (9_990, 10_000), (7, 100_000)]
)
@pytest.mark.parametrize("doubt", [0.05, 1e-3, 1e-6])
def test_bounds_of_a_share_are_exact(hits: int, total: int, doubt: float) -> None:
    found = share_estimate(hits, total, doubt)
    low = stats.beta.ppf(doubt, hits, total - hits + 1) if hits else 0.0
    high = stats.beta.ppf(1 - doubt, hits + 1, total - hits) if hits < total else 1.0
    assert [found.low, found.high] == pytest.approx([low, high], rel=1e-8)


@pytest.mark.parametrize("freedom", [9, 30, 99_999])
@pytest.mark.parametrize("probability", [0.9, 0.99, 1 - 1e-6])
def test_quantiles_of_students_t(freedom: float, probability: float) -> None:
    assert student_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-6)


def test_the_incomplete_beta_function() -> None:
    for a, b, x in [(0.5, 0.5, 0.1), (3, 7, 0.3), (5000, 2, 0.999), (1e5, 1e5, 0.501)]:
        assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-9)


@given(st.floats(0.5, 1e5), st.floats(0.5, 1e5), st.floats(1e-9, 1 - 1e-9))
def test_quantiles_of_the_beta_distribution(a: float, b: float, probability: float) -> None:
    found = beta_quantile(a, b, probability)
    assert 0 <= found <= 1
    assert special.betainc(a, b, found) == pytest.approx(probability, rel=1e-6, abs=1e-12)


def test_few_numbers_say_nothing_of_their_mean() -> None:
    assert mean_estimate(9, 100.0, 0.0, 0.01).low == -np.inf


def outcomes(tally: SliceTally) -> dict[str, Outcome]:
    return {finding.name: finding.outcome for finding in tally.findings()}


@pytest.mark.parametrize(
    ("right", "total", "outcome"),
    [
        (0, 0, None),
        (1, 2, Outcome.TOO_FEW),
        (75, 100, Outcome.TOO_FEW),
        (60, 100, Outcome.MISSED),
        (97, 100, Outcome.MET),
    ],
)
def test_a_floor_fails_only_where_the_bounds_exclude_it(right: int, total: int, outcome: Outcome | None) -> None:
    said = [True] * right + [False] * (total - right)
    tally = tallied(slices({"field": "sex", "metric": "accuracy", "min": 0.8}), [True] * total, said, ["F"] * total)
    assert outcomes(tally).get("accuracy of sex F") is outcome


def test_a_gap_names_both_groups() -> None:
    labels = [True] * 400
    said = [True] * 195 + [False] * 5 + [True] * 120 + [False] * 80
    tally = tallied(
        slices({"field": "sex", "metric": "recall", "maxGap": 0.1}), labels, said, ["F"] * 200 + ["M"] * 200
    )
    [finding] = tally.findings()
    assert finding.outcome is Outcome.MISSED
    assert "sex F 0.975" in finding.why and "sex M 0.6" in finding.why


def test_a_loss_is_told_by_pairs() -> None:
    """On the same rows 8 in 100 more wrong is sure, where two separate samples of that size would tell nothing."""
    labels, stable = [True] * 300, [True] * 270 + [False] * 30
    said = [True] * 240 + [False] * 60
    gate = {"field": "sex", "metric": "accuracy", "maxLossAgainstStable": 0.02}
    tally = tallied(slices(gate), labels, said, ["F"] * 300, stable)
    [finding] = tally.findings()
    assert finding.outcome is Outcome.MISSED
    same = tallied(slices({**gate, "maxLossAgainstStable": 0.05}), labels, stable, ["F"] * 300, stable)
    assert outcomes(same) == {"accuracy of sex F against stable": Outcome.MET}


@pytest.mark.parametrize("metric", ["mae", "rmse", "f1", "recall"])
def test_no_stable_answers_are_too_few(metric: str) -> None:
    gate = {"field": "sex", "metric": metric, "maxLossAgainstStable": 0.02}
    labels: list[Any] = [1.0] * 50 if metric in ("mae", "rmse") else [True] * 50
    assert set(outcomes(tallied(slices(gate), labels, labels, ["F"] * 50)).values()) == {Outcome.TOO_FEW}


RESAMPLES = 1_000
SURENESS = 0.95


def false_alarms(declared: Slices, draw: Any, resamples: int = RESAMPLES) -> int:
    random = np.random.default_rng(6)
    refused = 0
    for _ in range(resamples):
        labels, said, groups, stable = draw(random)
        findings = tallied(declared, labels, said, groups, stable).findings()
        refused += any(finding.outcome is Outcome.MISSED for finding in findings)
    return refused


def most_alarms() -> int:
    """So many of the resamples may fail by chance, if each fails with the declared probability."""
    return int(stats.binom.ppf(0.999, RESAMPLES, 1 - SURENESS))


def _classes(random: np.random.Generator) -> Any:
    """A model at its floor in every group, small ones among them, and stable as good as it is."""
    labels = random.random(160) < 0.5
    said = np.where(random.random(160) < 0.8, labels, ~labels)
    stable = np.where(random.random(160) < 0.8, labels, ~labels)
    groups = random.choice(["A", "B", "C", "D"], 160, p=[0.6, 0.25, 0.1, 0.05])
    return labels.tolist(), said.tolist(), groups, stable.tolist()


def _skewed_numbers(random: np.random.Generator) -> Any:
    """Errors with a long tail, as those of regressors are, the same in every group."""
    errors = random.lognormal(0.0, 1.0, 160)
    groups = random.choice(["A", "B", "C", "D"], 160, p=[0.5, 0.25, 0.15, 0.1])
    return [0.0] * 160, errors.tolist(), groups, random.lognormal(0.0, 1.0, 160).tolist()


def test_a_fair_classifier_is_refused_at_most_at_the_declared_rate() -> None:
    gate = {"field": "sex", "metric": "accuracy", "min": 0.8, "maxGap": 0.0, "maxLossAgainstStable": 0.0}
    recall = {"field": "sex", "metric": "recall", "min": 0.8, "maxGap": 0.0, "maxLossAgainstStable": 0.0}
    f1 = {"field": "sex", "metric": "f1", "maxGap": 0.0, "maxLossAgainstStable": 0.0}
    assert false_alarms(slices(gate, recall, f1, sureness="95%"), _classes) <= most_alarms()


def test_a_fair_regressor_is_refused_at_most_at_the_declared_rate() -> None:
    mean = float(np.exp(0.5))
    gate = {"field": "sex", "metric": "mae", "max": mean, "maxGap": 0.0, "maxLossAgainstStable": 0.0}
    rmse = {"field": "sex", "metric": "rmse", "max": float(np.exp(1.0)), "maxGap": 0.0}
    assert false_alarms(slices(gate, rmse, sureness="95%"), _skewed_numbers) <= most_alarms()


def test_an_unfair_classifier_is_refused() -> None:
    def draw(random: np.random.Generator) -> Any:
        groups = random.choice(["F", "M"], 400)
        good = np.where(groups == "F", 0.9, 0.65)
        labels = random.random(400) < 0.5
        return labels.tolist(), np.where(random.random(400) < good, labels, ~labels).tolist(), groups, None

    gate = {"field": "sex", "metric": "accuracy", "maxGap": 0.05}
    assert false_alarms(slices(gate, sureness="95%"), draw, 100) > 90
