"""``tandem profile`` on a real bento: by bentoml on this machine, and as a pod of the cluster."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from dev.cluster.progress import Progress
from dev.images.bentos import bentoml_environment, build_bentos
from dev.images.cache import cache_folder
from dev.kube import stack
from dev.kube.client import Kube, until
from tandem.api.profile import Profile
from tandem.manifests.profile import read_profile

pytestmark = pytest.mark.alone

TANDEM = str(Path(sys.executable).with_name("tandem"))
NAMESPACE = "e2e-profile"
QUICK = ("--load", "10s", "--callers", "4", "--startup", "150s")


@pytest.fixture
def folder(tmp_path: Path, rows: Path) -> Path:
    """A folder with a model's file and its rows."""
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row["body"]) + "\n" for row in lines))
    spec = {
        "owners": {"engineering": {"team": "e2e", "contact": "e2e@example.com"}},
        "model": {"image": "tandem.local/digits:first", "service": "Digits", "interface": [{"path": "/predict"}]},
        "requirements": {"latency": {"p99": "5s"}, "throughput": {"peak": 20}},
        "serving": {
            "resources": {"requests": {"cpu": "50m"}, "limits": {"cpu": "500m", "memory": "600Mi"}},
            "startup": {"warmup": [{"path": "/predict", "body": lines[0]["body"]}]},
        },
    }
    model = {
        "apiVersion": "tandem.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "digits"},
        "spec": spec,
    }
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(model))
    return tmp_path


def written(folder: Path) -> Profile:
    return read_profile(yaml.safe_load((folder / "digits-profile.yaml").read_text()))


def test_a_bento_that_bentoml_serves(folder: Path) -> None:
    [built] = [each for each in build_bentos(cache_folder(), Progress()) if each.source.tag == "digits:first"]
    subprocess.run(
        [TANDEM, "profile", "digits:first", "-f", "model.yaml", "--rows", "rows.jsonl", *QUICK],
        cwd=folder, env=bentoml_environment(built.store, os.environ), check=True, timeout=300,
    )  # fmt: skip
    found = written(folder)
    assert (found.bento, found.setting.where) == ("digits:first", "Local")
    assert found.memory.load_bytes > 100 << 20 and found.threads > 1
    assert all(point.requests and not point.errors for point in found.load)
    assert found.shutdown is not None and found.shutdown.exited
    served = [each for each in psutil.process_iter(["cmdline"]) if "digits:first" in (each.info["cmdline"] or [])]
    assert served == []


@pytest.fixture
def namespace(kube: Kube) -> Iterator[str]:
    """A namespace that takes only restricted pods."""
    stack.remove_namespace(kube, NAMESPACE, 120)
    stack.make_namespace(kube, NAMESPACE)
    yield NAMESPACE
    stack.remove_namespace(kube, NAMESPACE, 120)


def words(namespace: str) -> list[str]:
    where = ["--in-cluster", "-n", namespace, "--meter", f"{stack.OPERATOR_IMAGE}:dev"]
    return [TANDEM, "profile", *where, "-f", "model.yaml", "--rows", "rows.jsonl", *QUICK]


def left(kube: Kube, namespace: str) -> list[str]:
    """What is in a namespace that its own making did not put there."""
    there = [
        f"{kind}/{each['metadata']['name']}"
        for kind in ("jobs", "pods", "secrets", "configmaps")
        for each in kube.list(kind, namespace)
    ]
    return [each for each in there if each != "configmaps/kube-root-ca.crt"]


def test_the_declared_pod_and_nothing_of_it_is_left(kube: Kube, namespace: str, folder: Path) -> None:
    kube.command(*words(namespace), seconds=420, cwd=folder)
    found = written(folder)
    assert (found.image, found.setting.where) == ("tandem.local/digits:first", "InCluster")
    assert (found.setting.cpu, found.setting.memory) == ("500m", "600Mi")
    assert all(point.requests and not point.errors for point in found.load)
    assert all(point.cpu is not None and point.cpu < 0.6 for point in found.load)
    assert left(kube, namespace) == []
    plan = json.loads(kube.command(TANDEM, "plan", "model.yaml", "-o", "json", "--runs", "0", cwd=folder))
    assert plan["replicas"] >= 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_it_is_interrupted(
    kube: Kube, namespace: str, folder: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(words(namespace), env=kube.env, cwd=folder, stderr=subprocess.PIPE, text=True) as running:
        until(
            lambda: any(job.get("status", {}).get("ready") for job in kube.list("jobs", namespace)), 120, "a ready pod"
        )
        assert {each.partition("/")[0] for each in left(kube, namespace)} >= {"jobs", "pods", "secrets"}
        running.send_signal(number)
        _, said = running.communicate(timeout=90)
    assert running.returncode == 130 and "stopped; nothing of it is left running" in said
    assert left(kube, namespace) == []
    assert not (folder / "digits-profile.yaml").exists()
