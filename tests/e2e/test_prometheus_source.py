"""Evidence from a Prometheus that scrapes the pods: the same verdicts as from the pods, and none while it is down.

It runs on this machine and listens where the cluster's pods reach it. Debian's has no discovery of Kubernetes' built
in, so it is told of the pods by file.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dev.cluster.settings import Cluster, description_file
from dev.kube.client import Object, conditions, until
from dev.kube.model import CANARY_STEPS, Model, status_of
from dev.kube.watch import Watch
from dev.prometheus import Prometheus, Target
from dev.traffic.summary import lost

PORT = 3000
UNTOUCHED_ANSWERS = 250
"""Answers, five seconds of them, in which something that must not happen does not happen."""
STEPS = [{"weight": 10, "hold": "20s"}, *CANARY_STEPS[1:]]
"""The first step lasts until Prometheus has been killed in it."""


@contextmanager
def prometheus_of(model: Model) -> Iterator[Prometheus]:
    """Have a Prometheus that scrapes the pods of a model's namespace, whichever there are."""
    description = description_file(model.kube.name)
    if not description.exists():
        pytest.skip("pods of a cluster in containers cannot be reached from this machine")
    host = str(Cluster.from_json(description.read_text()).bridge_address)
    ended = threading.Event()
    with Watch(model.kube, "pods", model.namespace) as pods, Prometheus([], host=host) as prometheus:
        following = threading.Thread(target=_follow, args=(pods, prometheus, ended), daemon=True)
        following.start()
        try:
            yield prometheus
        finally:
            ended.set()
            following.join()


def _follow(pods: Watch, prometheus: Prometheus, ended: threading.Event) -> None:
    known: list[Target] = []
    while not ended.wait(0.2):
        there = {seen.name: None for seen in pods.history()}
        found = [_target(pod) for pod in map(pods.latest, there) if pod is not None and pod["status"].get("podIP")]
        if found != known:
            prometheus.scrape(found)
            known = found


def _target(pod: Object) -> Target:
    meta = pod["metadata"]
    labels = {"namespace": meta["namespace"], "pod": meta["name"]}
    return Target(f"{pod['status']['podIP']}:{PORT}", labels)


def test_a_good_version_is_promoted_across_an_outage_and_a_bad_one_sent_back(model: Model) -> None:
    with prometheus_of(model) as prometheus:
        source = {"source": {"prometheus": {"address": prometheus.url}}}
        model.given("first", rollout={"steps": STEPS, "evidence": source})
        with model.traffic(name="better") as traffic:
            model.apply("better")
            model.until_candidate("better", 10)
            prometheus.kill()
            blind = model.until(lambda thing: "EvidenceUnavailable" in conditions(thing), 60, "the outage is said")
            answered = len(traffic.outcomes())
            until(lambda: len(traffic.outcomes()) > answered + UNTOUCHED_ANSWERS, 60, "answers during the outage")
            assert model.weights_of("better")[-1] == 10, "it stays where it is"
            assert status_of(model.kube.get("modeldeployment", model.name, model.namespace))["phase"] == "RollingOut"
            prometheus.start()
            model.wait("Ready")
            outcomes = traffic.stop()
        assert lost(outcomes) == []
        condition = conditions(blind)["EvidenceUnavailable"]
        assert condition["reason"] == "MetricsUnreadable"
        assert f"Prometheus at {prometheus.url}: connection refused" in condition["message"]
        assert "EvidenceUnavailable" not in model.conditions()
        assert "withoutEvidence" not in model.status()["stable"]
        model.until_phase("Serving")
        with model.traffic(name="failing") as traffic:
            model.apply("failing")
            stalled = conditions(model.wait("Stalled"))["Stalled"]
            outcomes = traffic.stop()
    assert stalled["reason"] == "TooManyErrors"
    assert lost(outcomes, broken=["failing"]) == []
    assert max(model.weights_of("failing")) == 10
    assert model.slots() == ("better", None)
