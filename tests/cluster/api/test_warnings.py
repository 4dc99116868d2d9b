"""What `kubectl apply` warns of: what the readiness checks find, as far as CEL can tell; nothing is refused."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster.binaries import HELM, ensure_tools
from dev.cluster.progress import Progress
from dev.images.cache import cache_folder
from tandem.readiness import Outcome, examine
from tests.unit.readiness.objects import REMOVED, body, facts

pytestmark = pytest.mark.cluster

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]

CHART = Path(__file__).resolve().parents[3] / "charts" / "tandem"
IDS = {each["id"] for each in yaml.safe_load((CHART / "files" / "warnings.yaml").read_text())}
NOTHING: dict[str, Any] = {
    "purpose": REMOVED, "consumers": REMOVED, "requirements": REMOVED, "quality": REMOVED, "fallback": REMOVED,
    "runbook": REMOVED, "owners": {"engineering": REMOVED}, "model": {"interface": REMOVED, "subjects": REMOVED},
    "rollback": {"automatic": False},
}  # fmt: skip
PARTS: dict[str, dict[str, Any]] = {
    "nothing lacks": {},
    "purpose": {"purpose": REMOVED},
    "an owner": {"owners": {"dataScience": REMOVED}},
    "consumers": {"consumers": REMOVED},
    "nobody among the consumers": {"consumers": []},
    "latency": {"requirements": {"latency": REMOVED}},
    "availability": {"requirements": {"availability": REMOVED}},
    "the night": {"requirements": {"throughput": {"night": REMOVED}}},
    "interface": {"model": {"interface": REMOVED}},
    "edge cases": {"quality": {"edgeCases": REMOVED}},
    "subjects": {"model": {"subjects": REMOVED}},
    "automatic rollback": {"rollback": {"automatic": False}},
    "fallback": {"fallback": REMOVED},
    "runbook": {"runbook": REMOVED},
    "everything": NOTHING,
    "everything, in an experiment": {**NOTHING, "tier": "Experiment"},
    "everything, at tier Standard": {**NOTHING, "tier": "Standard"},
    "what is waived": {
        **NOTHING,
        "waivers": [{"check": id_, "reason": "later", "until": "2199-01-01"} for id_ in sorted(IDS)],
    },
}


@pytest.fixture(scope="module")
def told(kubectl: Kubectl) -> Iterator[Callable[[dict[str, Any]], set[str]]]:
    """Return the checks that are named when an object is applied; the policy is there, and heeded."""
    helm = ensure_tools((HELM,), cache_folder(), Progress())["helm"] / "helm"
    words = ["--set", "image.repository=example", "--show-only", "templates/warnings.yaml"]
    rendered = subprocess.run([helm, "template", "tandem", CHART, *words], capture_output=True, text=True, check=True)
    kubectl("apply", "-f", "-", given=rendered.stdout)

    def warned(manifest: dict[str, Any]) -> set[str]:
        given = json.dumps({**manifest, "metadata": {"name": "fraud", "namespace": "default"}})
        done = kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", given=given)
        return set(re.findall(r"^Warning: .*: (TDM\d{3}): ", done.stderr, re.MULTILINE))

    end = time.monotonic() + 60
    while not warned(body(**NOTHING)):  # the API server takes some seconds to heed a new policy
        assert time.monotonic() < end, "nothing is warned of"
        time.sleep(0.5)
    yield warned
    kubectl("delete", "-f", "-", given=rendered.stdout)


@pytest.mark.parametrize("lacks", PARTS)
def test_what_is_warned_of_is_what_the_checks_find(told: Callable[[dict[str, Any]], set[str]], lacks: str) -> None:
    changes = PARTS[lacks]
    findings = examine(facts(**changes))
    failing = {each.check.id for each in findings if each.answer.outcome is Outcome.FAIL and not each.waiver}
    assert told(body(**changes)) == failing & IDS


def test_the_table_has_every_warning() -> None:
    found = {each.check.id for each in examine(facts(**NOTHING)) if each.answer.outcome is Outcome.FAIL}
    assert found >= IDS
