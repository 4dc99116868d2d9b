"""The Job that measures a bento: the revision's pod, a meter beside it, and nothing that a Service would select."""

from typing import Any

from tandem.api.names import DEPLOYMENT_LABEL, MANAGED_BY_LABEL, REVISION_LABEL
from tandem.api.objects import ModelDeployment
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import declare
from tandem.manifests.edges import edges
from tandem.manifests.profile_job import METER, owned, profile_job
from tandem.manifests.revision import revision_manifest
from tandem.manifests.text import from_yaml

SPEC = {
    "owners": {"engineering": {"team": "a", "contact": "b"}},
    "model": {"image": "fraud:1", "config": [{"configMap": "t", "mountPath": "/etc/t"}]},
    "serving": {
        "resources": {"limits": {"cpu": "200m", "memory": "600Mi"}},
        "startup": {"warmup": [{"path": "/predict", "body": {"a": 1}}]},
    },
}
CONTENTS = {"t": ConfigContent({"x.yaml": "a: 1"})}


def deployment() -> ModelDeployment:
    return ModelDeployment.model_validate({"metadata": {"name": "fraud", "namespace": "shop"}, "spec": SPEC})


def made() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return profile_job(deployment(), CONTENTS, "fraud-profile-1", "operator:1", 90.7, {"rows.jsonl": "{}\n"})


def test_the_bento_runs_as_in_a_revision_but_for_what_only_serving_needs() -> None:
    declared = declare(deployment().spec, CONTENTS)
    revision = revision_manifest(deployment(), declared, 1, edges(deployment().spec.requirements))
    [serving] = from_yaml(revision["spec"]["template"])["spec"]["containers"]
    bento, meter = made()[0]["spec"]["template"]["spec"]["containers"]
    assert {key for key in serving if serving[key] != bento.get(key)} == {"startupProbe", "lifecycle"}
    assert "httpGet" in bento["startupProbe"] and "lifecycle" not in bento
    assert (meter["name"], meter["image"], meter["securityContext"]["capabilities"]) == (
        METER, "operator:1", {"drop": ["ALL"]},
    )  # fmt: skip
    assert "cpu" not in meter["resources"]["limits"]


def test_no_service_selects_it_and_the_operator_does_not_take_it_for_its_own() -> None:
    job, mounted = made()
    for labels in (job["spec"]["template"]["metadata"]["labels"], *(each["metadata"]["labels"] for each in mounted)):
        assert not labels.keys() & {DEPLOYMENT_LABEL, REVISION_LABEL, MANAGED_BY_LABEL}


def test_it_ends_by_itself_and_all_that_it_mounts_goes_with_it() -> None:
    job, mounted = made()
    assert (job["spec"]["activeDeadlineSeconds"], job["spec"]["backoffLimit"]) == (90, 0)
    assert job["spec"]["ttlSecondsAfterFinished"] > 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    live = {"metadata": {"name": "fraud-profile-1", "uid": "u"}}
    for each in mounted:
        assert owned(live, each)["metadata"]["ownerReferences"][0]["uid"] == "u"
    volumes = job["spec"]["template"]["spec"]["volumes"]
    wanted = {v["configMap"]["name"] for v in volumes if "configMap" in v} | {"fraud-profile-1"}
    assert {each["metadata"]["name"] for each in mounted} == wanted


def test_rows_are_in_a_secret() -> None:
    [secret] = [each for each in made()[1] if each["kind"] == "Secret"]
    assert secret["stringData"] == {"rows.jsonl": "{}\n"}
