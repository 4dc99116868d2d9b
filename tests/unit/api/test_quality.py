"""spec.quality: what is read of it, and what its schema will say once it is part of the definition."""

from tandem.api.objects import parse_deployment
from tandem.api.quality import Quality
from tandem.api.schema import structural_schema

BODY = {
    "metadata": {"name": "fraud"},
    "spec": {
        "owners": {},
        "model": {"image": "fraud:1"},
        "quality": {
            "edgeCases": {"rows": [{"configMap": "fraud-edge-cases"}], "share": "95%"},
            "slices": {
                "rows": [{"secret": "fraud-rows"}],
                "answer": "/fraud",
                "gates": [{"field": "country", "metric": "recall", "min": 0.8, "maxGap": 0.05}],
            },
            "compare": {"maxChanged": "5%"},
        },
    },
}


def test_it_is_read_with_its_defaults() -> None:
    quality = parse_deployment(BODY).spec.quality
    assert quality is not None and quality.slices is not None and quality.edge_cases is not None
    assert quality.edge_cases.rows[0].config_map == "fraud-edge-cases"
    assert quality.slices.gates[0].max_gap == 0.05
    assert (quality.slices.sureness, quality.deterministic, quality.limits.rate) == ("99%", True, 50)


def test_it_starts_no_rollout_and_can_be_left_out() -> None:
    body = {**BODY, "spec": {key: value for key, value in BODY["spec"].items() if key != "quality"}}  # type: ignore[attr-defined]
    assert parse_deployment(body).spec.quality is None


def test_its_schema_is_structural() -> None:
    properties = structural_schema(Quality)["properties"]
    assert set(properties) == {"path", "edgeCases", "slices", "compare", "deterministic", "limits", "report"}
    assert properties["slices"]["properties"]["positive"]["x-kubernetes-preserve-unknown-fields"] is True
