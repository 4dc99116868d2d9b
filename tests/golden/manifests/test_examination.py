"""From spec.quality to the pod that asks a candidate, and the questions that it is given.

``TANDEM_UPDATE_GOLDEN=1 pytest tests/golden/manifests`` writes the expected file anew; read the difference then.
"""

import itertools
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.api.objects import parse_deployment, parse_revision
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import declare
from tandem.manifests.edges import edges
from tandem.manifests.examination import LONGEST_WORD, Examination, examiner_manifest, plan_manifest
from tandem.manifests.missed import ExaminerRole, Keeping, account_manifest, binding_manifest
from tandem.manifests.revision import revision_manifest
from tandem.manifests.smoke import SmokeTest, smoke_manifest
from tandem.manifests.text import to_yaml

FOLDER = Path(__file__).parent
EXPECTED = FOLDER / "examination.yaml"
QUALITY: dict[str, Any] = {
    "edgeCases": {
        "rows": [{"configMap": "fraud-edge-cases"}, {"path": "/home/bentoml/bento/src/cases.jsonl"}],
        "share": "95%",
    },
    "slices": {
        "rows": [{"secret": "fraud-rows"}],
        "answer": "/risk",
        "gates": [{"field": "sex", "metric": "mae", "maxGap": 0.02, "maxLossAgainstStable": 0.01}],
    },
    "compare": {"maxChanged": "5%", "answer": "/risk"},
    "limits": {"rate": 20, "duration": "5m"},
}


def test_the_pod_that_asks_is_as_expected() -> None:
    made = "---\n".join(to_yaml(manifest) for manifest in examination_manifests())
    if os.environ.get("TANDEM_UPDATE_GOLDEN") == "1":
        EXPECTED.write_text(made)
    assert made == EXPECTED.read_text(), "read the difference, then TANDEM_UPDATE_GOLDEN=1 pytest tests/golden"


def test_nothing_that_selects_pods_finds_it() -> None:
    """It must get no request of a user, and count as no pod of the version."""
    pods = [each for each in examination_manifests() if each["kind"] == "Pod"]
    children = list(yaml.safe_load_all((FOLDER / "cases" / "everything.out.yaml").read_text()))
    found = [each["spec"]["selector"] for each in children if "selector" in each.get("spec", {})]
    selectors = [selector.get("matchLabels", selector) for selector in found]
    assert len(selectors) >= 4
    for pod, selector in itertools.product(pods, selectors):
        assert not selector.items() <= pod["metadata"]["labels"].items()


def examination_manifests() -> list[dict[str, Any]]:
    """Return the questions, the pod's account and its right, and the pod, for the golden case with everything."""
    body, *config_maps = yaml.safe_load_all((FOLDER / "cases" / "everything.in.yaml").read_text())
    body["spec"]["quality"] = QUALITY
    md = parse_deployment(body)
    configs = {each["metadata"]["name"]: ConfigContent.of(each) for each in config_maps}
    created = revision_manifest(md, declare(md.spec, configs), 1, edges(md.spec.requirements))
    revision = parse_revision({**created, "metadata": {**created["metadata"], "uid": "uid-of-the-revision"}})
    account = account_manifest(md)
    keeping = Keeping(account["metadata"]["name"], pull_secrets=("of-the-default-account",))
    addresses = ("10.0.0.7", "fd00::7")
    examination = Examination(revision.metadata.name, 1, "0123456789abcdef", addresses, ("10.0.0.8",), ("uid-1",))
    image = "registry.example.com/tandem-operator:1.2.3"
    smoke = SmokeTest(revision.metadata.name, 1, ("uid-2", "uid-3"), ("10.0.0.9", "fd00::9"), "10.0.0.7", "uid-1")
    return [
        plan_manifest(md, revision),
        account,
        binding_manifest(md, ExaminerRole("ClusterRole", "tandem-examiner")),
        examiner_manifest(md, revision, examination, image, keeping),
        smoke_manifest(md, revision, smoke, image),
    ]


def examined_by(keeping: Keeping, **quality: Any) -> dict[str, Any]:
    """Return the pod of a version whose image is pulled without a Secret of its own."""
    body, *config_maps = yaml.safe_load_all((FOLDER / "cases" / "everything.in.yaml").read_text())
    body["spec"]["quality"] = {**QUALITY, **quality}
    del body["spec"]["model"]["imagePullSecrets"]
    md = parse_deployment(body)
    configs = {each["metadata"]["name"]: ConfigContent.of(each) for each in config_maps}
    revision = parse_revision(revision_manifest(md, declare(md.spec, configs), 1, edges(md.spec.requirements)))
    return examiner_manifest(md, revision, Examination("fraud-r1", 1, "0" * 16, ("10.0.0.7",)), "tandem:1", keeping)


FILES = {"rows": [{"path": f"/home/bentoml/bento/src/it's {number}.jsonl"} for number in range(8)]}


def test_what_it_has_to_say_is_kept_however_many_files_are_copied() -> None:
    """The kubelet keeps 12 KiB of the last words of all containers; a mesh may put two beside ours."""
    spec = examined_by(Keeping(), edgeCases=FILES)["spec"]
    assert 12 * 1024 // (len(spec["initContainers"]) + len(spec["containers"]) + 2) >= LONGEST_WORD


@pytest.mark.parametrize("gone", [None, 0, 7])
def test_each_file_is_copied_into_its_folder_or_none_is_asked(tmp_path: Path, gone: int | None) -> None:
    [copying] = examined_by(Keeping(), edgeCases=FILES, slices=None)["spec"]["initContainers"]
    for number, mount in enumerate(copying["volumeMounts"]):
        (tmp_path / mount["mountPath"].removeprefix("/")).mkdir(parents=True)
        if number != gone:
            (tmp_path / f"it's {number}.jsonl").write_text(f"{number}\n")
    here = [word.replace("/home/bentoml/bento/src", str(tmp_path)) for word in copying["command"]]
    here[2] = here[2].replace("/copied", f"{tmp_path}/copied")
    ended = subprocess.run(here, check=False, capture_output=True)
    assert (ended.returncode == 0) is (gone is None)
    copied = {file.parent.name: file.read_text() for file in tmp_path.glob("copied/*/rows.jsonl")}
    if gone is None:
        assert copied == {f"cases-{number}": f"{number}\n" for number in range(8)}


def test_its_own_account_pulls_images_as_the_default_one_would() -> None:
    spec = examined_by(Keeping("fraud-tandem-examiner", pull_secrets=("mine",)))["spec"]
    assert spec["imagePullSecrets"] == [{"name": "mine"}]
    assert spec["automountServiceAccountToken"] is False


def test_a_pod_that_keeps_nothing_has_no_account_and_no_token() -> None:
    found = [examined_by(keeping)["spec"] for keeping in (Keeping(), Keeping(trouble="no right"))]
    for spec in found:
        assert "serviceAccountName" not in spec
        assert not [each for each in spec["volumes"] if "projected" in each]
    assert {"name": "CASES_TROUBLE", "value": "no right"} in found[-1]["containers"][0]["env"]


def test_what_is_kept_is_none_of_the_questions() -> None:
    """A verdict of an operator that kept nothing stands, and goes on to stand whatever is kept."""
    names = [
        next(each for each in examined_by(Keeping(), **quality)["spec"]["volumes"] if each["name"] == "plan")
        for quality in ({}, {"report": "None"}, {"report": "Secret"})
    ]
    assert names[0] == names[1] == names[2]
    assert names[0]["configMap"]["name"].startswith("fraud-r1-questions-0912375198")
