"""A hand-made Deployment, Service and HTTPRoute are taken over by the plan's own commands; no request is lost.

The commands are read from the plan that `tandem init --from` writes, and run as they stand there.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from dev.kube.client import Object, conditions, until
from dev.kube.model import Model
from dev.traffic.outcomes import Outcome
from dev.traffic.process import Traffic
from dev.traffic.summary import lost
from tests.e2e.caller import calling
from tests.e2e.conftest import NewModel
from tests.e2e.gateway_log import gateway_log

HOST = "digits.example.com"
OLD = "digits-by-hand"
LABELS = {"app": "digits"}
ANSWERS = 150


def by_hand(namespace: str) -> list[Object]:
    """What a team made for its bento before it knew of Tandem."""
    container = {
        "name": "web",
        "image": "tandem.local/digits:first",
        "args": ["serve", "--timeout-keep-alive", "3900"],
        "ports": [{"containerPort": 3000}],
        "env": [{"name": "INK_SLOTS", "value": "900"}],
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "600Mi"}},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 3000}, "periodSeconds": 2, "timeoutSeconds": 2},
        "startupProbe": {
            "httpGet": {"path": "/readyz", "port": 3000},
            "periodSeconds": 2,
            "timeoutSeconds": 2,
            "failureThreshold": 90,
        },
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1034, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    deployment = {
        "replicas": 1,
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": pod},
    }
    route = {
        "parentRefs": [{"name": "public", "namespace": "gateway"}],
        "hostnames": [HOST],
        "rules": [{"backendRefs": [{"name": "digits", "port": 80}], "timeouts": {"request": "10s"}}],
    }
    gateway = "gateway.networking.k8s.io/v1"
    return [
        thing("apps/v1", "Deployment", OLD, namespace, deployment),
        thing(
            "v1",
            "Service",
            "digits",
            namespace,
            {"selector": LABELS, "ports": [{"name": "http", "port": 80, "targetPort": 3000}]},
        ),
        thing(gateway, "HTTPRoute", "digits-by-hand", namespace, route),
    ]


def thing(version: str, kind: str, name: str, namespace: str, spec: Object) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


@dataclass
class Plan:
    """The steps of a plan, each with its commands."""

    folder: Path

    def commands(self, title: str) -> list[str]:
        return re.findall(r"^    (.+)$", self._section(title).partition("Back:")[0], re.MULTILINE)

    def back(self, title: str) -> list[str]:
        return re.findall(r"^    (.+)$", self._section(title).partition("Back:")[2], re.MULTILINE)

    def _section(self, title: str) -> str:
        text = (self.folder / "takeover" / "PLAN.md").read_text()
        return next(part for part in re.split(r"\n## ", text) if title in part.splitlines()[0])

    def take(self, model: Model, title: str) -> None:
        for command in self.commands(title):
            model.kube.command("sh", "-c", command, seconds=660)


@dataclass
class TakenOver:
    """A model that was taken over, and all that its callers got meanwhile."""

    model: Model
    plan: Plan
    outside: list[Outcome]
    inside: list[Outcome]
    old_pods: set[str]
    answered_by: set[str]
    """Addresses of the pods that the gateway sent requests of the model's route to."""


@pytest.fixture(scope="module")
def taken(module_stage: NewModel) -> TakenOver:
    model = module_stage()
    kube, namespace = model.kube, model.namespace
    kube.apply(*by_hand(namespace))
    kube.wait(f"deployment/{OLD}", namespace, "condition=Available", 180)
    old_pods = {pod["status"]["podIP"] for pod in kube.list("pods", namespace, "app=digits")}
    plan = Plan(model.out / "digits")
    tandem = str(Path(sys.executable).with_name("tandem"))
    kube.command(
        tandem, "init", "--from", f"deployment/{OLD}", "-n", namespace, "--out", str(plan.folder),
        "--owner", "vision=vision@example.com",
    )  # fmt: skip
    traffic = Traffic(kube.gateway_url, model.rows, model.out / "outside.jsonl", options=["--host", HOST], seconds=420)
    inside_url = f"http://digits.{namespace}.svc"
    with gateway_log(model) as log, traffic, calling(kube, namespace, inside_url, model.rows, rate=10) as caller:
        more(traffic)
        plan.take(model, "Start the model")
        more(traffic)
        assert log.passages() == [], "the older route has the requests until it is deleted"
        plan.take(model, "Let the gateway")
        more(traffic)
        plan.take(model, "Hand the Service over")
        answered = len(caller.outcomes())
        until(lambda: len(caller.outcomes()) > answered + 30, 60, "answers inside the cluster")
        inside = caller.stop()
        plan.take(model, "Delete the old Deployment")
        until(lambda: not kube.list("pods", namespace, "app=digits"), 120, "the old pods are gone")
        more(traffic)
        outside = traffic.stop()
        until(lambda: len(log.passages()) > ANSWERS, 60, "the gateway's log of the model's own route")
        answered_by = {passage.pod_ip for passage in log.passages()}
    meta = kube.get("modeldeployment", "digits", namespace)["metadata"]
    model.applied = (meta["uid"], meta["generation"])
    return TakenOver(model, plan, outside, inside, old_pods, answered_by)


def more(traffic: Traffic) -> None:
    """Wait for further answers, so that each step happens under traffic."""
    answered = len(traffic.outcomes())
    until(lambda: len(traffic.outcomes()) > answered + ANSWERS, 60, "more answers")


def test_no_request_is_lost_behind_the_same_host_name(taken: TakenOver) -> None:
    assert len(taken.outside) > 5 * ANSWERS
    assert lost(taken.outside) == []


def test_no_request_is_lost_inside_the_cluster(taken: TakenOver) -> None:
    assert len(taken.inside) > 30
    assert lost(taken.inside) == []


def test_the_model_serves_and_nothing_of_the_old_one_is_left(taken: TakenOver) -> None:
    model = taken.model
    model.wait("Ready")
    model.until(lambda found: "NotOwned" not in conditions(found), 30, "everything is Tandem's")
    assert [each["metadata"]["name"] for each in model.kube.list("httproutes", model.namespace)] == ["digits"]
    assert not taken.answered_by & taken.old_pods


def test_it_means_the_same(taken: TakenOver) -> None:
    spec = yaml.safe_load((taken.plan.folder / "model.yaml").read_text())["spec"]
    assert spec["model"] == {
        "image": "tandem.local/digits:first",
        "env": [{"name": "INK_SLOTS", "value": "900"}],
    }
    assert spec["serving"] == {
        "replicas": {"min": 1},
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "600Mi"}},
        "startup": {"deadline": "180s"},
        "readOnlyRoot": False,
    }
    gateway = spec["traffic"]["gateway"]
    assert (gateway["hostnames"], gateway["path"], gateway["timeouts"]) == ([HOST], "/", {"request": "10s"})


def test_the_plan_says_that_nothing_is_lost_of_it(taken: TakenOver) -> None:
    text = (taken.plan.folder / "takeover" / "PLAN.md").read_text()
    assert "Nothing that was found." in text
    assert text.count("Back:") == 4
