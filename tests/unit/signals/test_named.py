"""Metrics that the user names: how their counters are found in /metrics, and how they are taken in."""

import json
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Counter as ClientCounter

from tandem.api.rollout import EvidenceSettings
from tandem.judge import CorruptEvidence, Counts
from tandem.signals import Fold, Ledger, NamedMetric, PodSample, PodTarget, fold, named_metrics, parse
from tandem.signals.named import Reading, Selector, readings
from tandem.signals.store import ledger_from_dict, ledger_to_dict
from tests.unit.signals.exposition import Bento

DOUBT = NamedMetric("doubt", Selector("doubtful_total", (("kind", "card"),)), Selector("scored"))
COUNTED = """# TYPE doubtful_total counter
doubtful_total{kind="card",worker="1"} 3.0
doubtful_total{kind="card",worker="2"} 4.0
doubtful_total{kind="wire",worker="1"} 50.0
doubtful_total_seconds{kind="card"} 0.5
scored_created 1.7e9
scored_total 1e2
"""


def read(text: str, metric: NamedMetric = DOUBT) -> Reading:
    return readings(text.split("\n"), [metric])[metric.name]


def test_the_spec_names_them() -> None:
    declared = {
        "metrics": [
            {
                "name": "doubt",
                "bad": {"counter": "doubtful_total", "labels": {"kind": "card"}},
                "total": {"counter": "scored"},
            }
        ]
    }
    assert named_metrics(EvidenceSettings.model_validate(declared)) == (DOUBT,)
    assert named_metrics(EvidenceSettings()) == ()


def test_all_series_with_the_labels_are_summed_and_others_are_not() -> None:
    assert read(COUNTED) == Reading(Counts(100, 7))


def test_only_what_is_asked_for_is_looked_at() -> None:
    bento = Bento()
    bento.answer(3)
    assert parse(bento.text() + COUNTED).named == {}
    assert parse(bento.text() + COUNTED, [DOUBT]).named == {"doubt": Reading(Counts(100, 7))}
    assert replace(parse(bento.text() + COUNTED, [DOUBT]), named={}) == parse(bento.text())


def test_the_bentos_own_counters_can_be_named_too() -> None:
    bento = Bento()
    bento.answer(5)
    bento.answer(2, 400)
    requests = "bentoml_service_request_total"
    metric = NamedMetric("refused", Selector(requests, (("http_response_code", "400"),)), Selector(requests))
    assert parse(bento.text(), [metric]).named == {"refused": Reading(Counts(7, 2))}


@pytest.mark.parametrize(
    ("asked", "written", "expected"),
    [
        pytest.param("scored", ["scored_total 5"], 5, id="without-its-total"),
        pytest.param("scored_total", ["scored_total 5"], 5, id="as-it-is"),
        pytest.param("scored_total", ["scored 5"], 5, id="exposed-without"),
        pytest.param("scored", ["scored 7", "scored_total 5"], 7, id="what-is-named-wins"),
        pytest.param("scored_total", ["scored 7", "scored_total 5"], 5, id="what-is-named-wins-with-total"),
    ],
)
def test_a_name_may_lack_its_total_or_have_it(asked: str, written: list[str], expected: int) -> None:
    metric = NamedMetric("m", Selector("bad"), Selector(asked))
    assert read("\n".join(["bad 0", *written]), metric) == Reading(Counts(expected, 0))


def test_agrees_with_prometheus_client() -> None:
    registry = CollectorRegistry()
    doubtful = ClientCounter("doubtful", "Doubtful.", ["kind"], registry=registry)
    scored = ClientCounter("scored", "All.", registry=registry)
    awkward = 'a"b\\c\nd}e'
    metric = NamedMetric("m", Selector("doubtful", (("kind", awkward),)), Selector("scored"))
    doubtful.labels(awkward).inc(3)
    doubtful.labels("other").inc(9)
    scored.inc(1_234_567_890)
    assert read(generate_latest(registry).decode(), metric) == Reading(Counts(1_234_567_890, 3))


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        pytest.param("", "MetricMissing", 'no doubtful_total{kind="card"} and no scored;', id="neither"),
        pytest.param("scored_total 5", "MetricMissing", 'there is no doubtful_total{kind="card"};', id="bad"),
        pytest.param('doubtful_total{kind="card"} 5', "MetricMissing", "there is no scored;", id="total"),
        pytest.param('doubtful_total{kind="wire"} 1\nscored 5', "MetricMissing", "doubtful_total", id="other-label"),
        pytest.param('doubtful_total{kind="card} 1\nscored 5', "MetricMissing", "doubtful_total", id="unreadable"),
        pytest.param('doubtful_total{kind="card"} 1.5\nscored 5', "MetricGarbled", "is '1.5'", id="half"),
        pytest.param('doubtful_total{kind="card"} NaN\nscored 5', "MetricGarbled", "no number", id="nan"),
        pytest.param('doubtful_total{kind="card"} 1\nscored +Inf', "MetricGarbled", "no number", id="infinite"),
        pytest.param('doubtful_total{kind="card"} 1\nscored many', "MetricGarbled", "is 'many'", id="word"),
        pytest.param('doubtful_total{kind="card"} -1\nscored 5', "MetricGarbled", "whole number", id="negative"),
        pytest.param('doubtful_total{kind="card"} 1\nscored 1e300', "MetricGarbled", "whole number", id="huge"),
        pytest.param(
            'doubtful_total{kind="card"} 6\nscored 5',
            "MetricGarbled",
            'doubtful_total{kind="card"} is 6 and scored is 5: total must count the bad ones too',
            id="more-bad-than-all",
        ),
    ],
)
def test_what_cannot_be_judged_by_is_said(text: str, reason: str, said: str) -> None:
    found = read(text)
    assert found.flaw is not None
    assert found.flaw.reason == reason
    assert said in found.flaw.message


def test_a_page_stays_readable_whatever_the_users_counters_are() -> None:
    bento = Bento()
    bento.answer(4, 500)
    counters = parse(bento.text() + 'doubtful_total{kind="card} x y z\nscored_total -3\n', [DOUBT])
    assert counters.errors == 4
    assert counters.named["doubt"].counts is None


@dataclass
class Service:
    """A bento that counts what is doubtful, looked at by an operator that keeps the books."""

    written: dict[str, float] = field(default_factory=lambda: {'doubtful_total{kind="card"}': 0, "scored_total": 0})
    metric: NamedMetric = DOUBT
    restarts: int = 0
    bento: Bento = field(default_factory=Bento)
    ledger: Ledger = field(default_factory=Ledger)
    seen: Counts = field(default_factory=Counts)
    now: float = 0.0

    def counts(self, total: float, bad: float) -> None:
        """Set the counters to these values."""
        self.written = {'doubtful_total{kind="card"}': bad, "scored_total": total}

    def look(self, *, ready: bool = True) -> Fold:
        self.now += 1.0
        target = PodTarget("ns", "pod", "uid", self.restarts, "r1", "10.0.0.1", ready, metrics=(self.metric,))
        text = self.bento.text() + "".join(f"{series} {value}\n" for series, value in self.written.items())
        folded = fold(self.ledger, [PodSample(target, self.now, parse(text, target.metrics))], {})
        self.ledger = folded.ledger
        self.seen += folded.counts.get("r1", {}).get(self.metric.name, Counts())
        return folded

    def restart_operator(self) -> None:
        self.ledger = ledger_from_dict(json.loads(json.dumps(ledger_to_dict(self.ledger))))


class TestTakingIn:
    def test_the_first_sample_is_the_baseline(self) -> None:
        service = Service()
        service.counts(100, 40)
        assert service.look().counts["r1"] == {"errors": Counts(), "doubt": Counts()}
        service.counts(110, 43)
        assert service.look().counts["r1"]["doubt"] == Counts(10, 3)

    def test_warm_up_is_not_taken_in(self) -> None:
        service = Service()
        for total in (5, 10, 15):
            service.counts(total, total)
            service.look(ready=total == 15)
        assert service.seen == Counts()
        service.counts(17, 16)
        service.look()
        assert service.seen == Counts(2, 1)

    def test_a_bad_one_that_was_counted_in_all_a_look_before_is_not_lost(self) -> None:
        service = Service()
        service.look()
        for number in range(1, 11):  # each is counted when it begins, and called bad when it ends
            service.counts(number, number - 1)
            service.look()
            service.counts(number, number)
            service.look()
        assert service.seen == Counts(10, 9)
        service.counts(11, 10)
        service.look()
        assert service.seen == Counts(11, 10)

    def test_a_counter_that_appears_late_is_caught_up_on(self) -> None:
        service = Service({})
        service.bento.answer(1)
        assert service.look().flaws["r1"]["doubt"].reason == "MetricMissing"
        service.written = {"scored_total": 40}
        flaw = service.look().flaws["r1"]["doubt"]
        assert flaw.message.startswith('metric doubt of pod pod: there is no doubtful_total{kind="card"};')
        assert service.seen == Counts()
        service.counts(50, 2)
        assert service.look().flaws == {}
        assert service.seen == Counts(50, 2)

    def test_nothing_is_missing_of_a_pod_that_has_answered_nobody(self) -> None:
        assert Service({}).look().flaws == {}

    @pytest.mark.parametrize(("total", "bad"), [(20, 0.5), (20, float("nan")), (20, 21), (float("inf"), 0)])
    def test_what_is_garbled_is_skipped_and_caught_up_on(self, total: float, bad: float) -> None:
        service = Service()
        service.bento.answer(1)
        service.counts(10, 1)
        service.look()
        service.counts(total, bad)
        folded = service.look()
        assert folded.counts["r1"]["doubt"] == Counts()
        assert folded.flaws["r1"]["doubt"].reason == "MetricGarbled"
        service.counts(30, 4)
        assert service.look().counts["r1"]["doubt"] == Counts(20, 3)

    def test_errors_are_counted_whatever_the_metric_is(self) -> None:
        service = Service({})
        service.look()
        service.bento.answer(5, 500)
        assert service.look().counts["r1"]["errors"] == Counts(5, 5)

    @pytest.mark.parametrize(("total", "bad"), [(4, 1), (12, 0)], ids=["both", "bad-alone"])
    def test_a_counter_that_fell_begins_anew(self, total: int, bad: int) -> None:
        service = Service()
        service.counts(10, 2)
        service.look()
        service.counts(total, bad)
        assert service.look().counts["r1"]["doubt"] == Counts()
        service.counts(total + 5, bad + 1)
        assert service.look().counts["r1"]["doubt"] == Counts(5, 1)

    def test_a_container_that_restarted_begins_anew(self) -> None:
        service = Service()
        service.counts(10, 2)
        service.look()
        service.counts(30, 9)
        service.restarts = 1
        service.look()
        assert service.seen == Counts()

    def test_under_the_same_name_other_counters_begin_anew(self) -> None:
        service = Service()
        service.look()
        service.written = {**service.written, "odd_total": 500, "scored_total": 900}
        service.metric = NamedMetric("doubt", Selector("odd"), Selector("scored"))
        service.look()
        assert service.seen == Counts()
        service.written = {**service.written, "odd_total": 501, "scored_total": 903}
        service.look()
        assert service.seen == Counts(3, 1)

    def test_a_source_that_does_not_read_it_says_so(self) -> None:
        service = Service()
        service.bento.answer(2)
        target = PodTarget("ns", "pod", "uid", 0, "r1", "10.0.0.1", metrics=(DOUBT,))
        folded = fold(Ledger(), [PodSample(target, 1.0, parse(service.bento.text()))], {})
        assert "does not read it" in folded.flaws["r1"]["doubt"].message

    @pytest.mark.parametrize(
        ("revisions", "seen", "flawed"),
        [
            pytest.param(("r1", "r1"), Counts(40, 1), set(), id="another-pod-of-the-version-has-it"),
            pytest.param(("r1", "r2"), Counts(20, 1), {"r2"}, id="only-another-version-has-it"),
        ],
    )
    def test_what_other_pods_of_the_version_count_is_zero_where_it_is_missing(
        self, revisions: tuple[str, str], seen: Counts, flawed: set[str]
    ) -> None:
        bento, ledger, found = Bento(), Ledger(), Counts()
        bento.answer(1)
        for at in (0, 1):
            pages = (f'doubtful_total{{kind="card"}} {at}\nscored {20 * at}\n', f"scored {20 * at}\n")
            samples = [
                PodSample(
                    PodTarget("ns", f"pod-{n}", f"uid-{n}", 0, revisions[n], "10.0.0.1", metrics=(DOUBT,)),
                    float(at),
                    parse(bento.text() + pages[n], (DOUBT,)),
                )
                for n in (0, 1)
            ]
            folded = fold(ledger, samples, {})
            ledger, found = folded.ledger, found + folded.counts["r1"]["doubt"]
            assert set(folded.flaws) == flawed
        assert found == seen

    @given(
        looks=st.lists(
            st.tuples(st.integers(0, 20), st.integers(0, 20), st.sampled_from(["", "", "", "missing", "operator"])),
            max_size=15,
        )
    )
    def test_every_one_is_taken_in_once(self, looks: list[tuple[int, int, str]]) -> None:
        service = Service()
        service.look()
        total = bad = 0
        for good_more, bad_more, what in looks:
            total, bad = total + good_more + bad_more, bad + bad_more
            service.counts(total, bad)
            if what == "missing":
                del service.written["scored_total"]
            elif what == "operator":
                service.restart_operator()
            service.look()
            assert service.seen.bad <= bad
            assert service.seen.total <= total
        service.counts(total, bad)
        service.look()
        assert service.seen == Counts(total, bad)


class TestStorage:
    def stored(self) -> dict[str, object]:
        service = Service()
        service.counts(10, 2)
        service.look()
        return ledger_to_dict(service.ledger)

    def test_comes_back_equal(self) -> None:
        data = self.stored()
        ledger = ledger_from_dict(json.loads(json.dumps(data)))
        assert ledger_to_dict(ledger) == data
        assert ledger.pods["uid/0"].named["doubt"].counts == Counts(10, 2)

    def test_a_ledger_of_before_is_read(self) -> None:
        before = {
            "format": 1,
            "pods": {"uid/0": {"revision": "r1", "counting": True, "counters": [4, 4, 1, 0], "slowness": {}}},
        }
        ledger = ledger_from_dict(before)
        assert ledger.pods["uid/0"].named == {}
        assert ledger_to_dict(ledger) == before

    @pytest.mark.parametrize(
        "wrong", [None, [], {"doubt": 3}, {"doubt": [1, 2, 3]}, {"doubt": ["a", 2, 3]}, {"doubt": ["a", 1]}]
    )
    def test_what_it_cannot_have_written_is_refused(self, wrong: object) -> None:
        data = self.stored()
        pods = data["pods"]
        assert isinstance(pods, dict)
        pods["uid/0"]["named"] = wrong
        with pytest.raises(CorruptEvidence, match=r"ledger\.pods\.uid/0\.named"):
            ledger_from_dict(data)


WORKER = """
import sys
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

predictions = Counter("predictions", "Predictions.", ["confidence"])
predictions.labels("low")
predictions.labels("high").inc(int(sys.argv[1]))
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode(), end="")
"""


def test_counters_of_several_workers_as_a_bento_exposes_them(tmp_path: Path) -> None:
    """Each worker writes into a file of its own; a counter with labels is there with 0 once a worker has touched it."""
    metric = NamedMetric("low", Selector("predictions_total", (("confidence", "low"),)), Selector("predictions_total"))
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for number, total in ((3, 3), (4, 7)):
        done = subprocess.run(
            [sys.executable, "-c", WORKER, str(number)], env=environment, capture_output=True, check=True
        )
        assert read(done.stdout.decode(), metric) == Reading(Counts(total, 0))
