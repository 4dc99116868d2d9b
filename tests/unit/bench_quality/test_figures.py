"""What the bench of a large check reads off scrapes and watches."""

from typing import Any

import pytest
from prometheus_client import generate_latest

from bench.quality import _parts
from bench.quality_figures import Durations, Reaction, Sample, progress, reactions, sample, table
from dev.kube.watch import Seen
from tandem.controller.metrics import ControllerMetrics


def seen(at: float, name: str, generation: int, observed: int, says: str = "") -> Seen:
    status: dict[str, Any] = {"observedGeneration": observed, "conditions": [{"message": says}]}
    return Seen(at, "MODIFIED", {"metadata": {"name": name, "generation": generation}, "status": status})


def test_the_operator_s_own_metrics_are_understood() -> None:
    metrics = ControllerMetrics()
    for seconds in (0.004, 0.004, 0.2):
        metrics.duration.observe(seconds)
    metrics.lateness.observe(2)
    found = sample(generate_latest(metrics.registry).decode(), at=7.0, load=1.5)
    assert (found.at, found.load) == (7.0, 1.5)
    assert found.memory > 2**20
    assert found.cpu > 0
    assert (found.reconciles.count, found.reconciles.bound(0.5), found.reconciles.bound(0.99)) == (3, 0.005, 0.5)
    assert found.reconciles.mean == pytest.approx(0.208 / 3)
    assert found.waits.bound(0.99) == 5


def test_what_was_before_a_phase_is_not_counted_to_it() -> None:
    before = Durations({0.1: 5, 1.0: 9, float("inf"): 10}, 12.0)
    after = Durations({0.1: 5, 1.0: 13, float("inf"): 14}, 14.0)
    came = after.since(before)
    assert (came.count, came.mean, came.bound(0.99)) == (4, 0.5, 1.0)
    nothing = before.since(before)
    assert (nothing.count, nothing.mean, nothing.bound(0.99)) == (0, 0.0, 0.1)


def test_a_reaction_is_from_a_changed_spec_to_the_first_status_that_speaks_of_it() -> None:
    history = [
        seen(0, "a", 1, 0),
        seen(1, "a", 1, 1),
        seen(10, "a", 2, 1),
        seen(11, "b", 2, 1),
        seen(12, "a", 2, 2),
        seen(13, "a", 2, 2),
        seen(14, "b", 3, 1),
        seen(15, "b", 3, 3),
    ]
    assert reactions(history) == [Reaction(10, 2), Reaction(14, 1)]


def test_progress_is_each_count_once() -> None:
    says = [
        "",
        "it is being asked, 300 requests so far",
        "it is being asked, 300 requests so far",
        "400 requests so far",
    ]
    assert progress(seen(at, "a", 1, 1, each) for at, each in enumerate(says)) == [300, 400]


def test_the_table_has_a_column_for_each_phase() -> None:
    first = Sample(0.0, 1.0, 100 * 2**20, 10.0, Durations({0.1: 0, float("inf"): 0}, 0.0), Durations({0.1: 0}, 0.0))
    last = Sample(50.0, 3.0, 102 * 2**20, 15.0, Durations({0.1: 10, float("inf"): 10}, 0.5), Durations({0.1: 9}, 0.1))
    made = table({"before": [first, last], "during": [first, last]}, {"before": [0.3, 0.1, 0.2], "during": []})
    lines = made.splitlines()
    assert lines[0] == "| | before | during |"
    assert "| operator, resident: mean, most | 101.0 MiB, 102.0 MiB | 101.0 MiB, 102.0 MiB |" in lines
    assert "| operator, processor | 10.0% of one | 10.0% of one |" in lines
    assert "| a reconcile: mean, 99 % within | 50 ms, 0.1 s | 50 ms, 0.1 s |" in lines
    assert "| from a change to its status: median, 95 %, most | 0.20 s, 0.30 s, 0.30 s | none |" in lines


def test_a_part_holds_whole_rows_and_fits_into_a_config_map(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.quality.LARGEST_MAP", 20)
    file = tmp_path / "rows.jsonl"
    file.write_text('{"a": 1}\n' * 5)
    parts = list(_parts(file))
    assert max(map(len, parts)) <= 20
    assert "".join(parts) == '{"a":1}\n' * 5
