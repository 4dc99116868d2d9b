"""Each kind of weakening is named, with a hash that names it for good; what is tightened or only worded anew is not."""

from typing import Any

import pytest

from tandem.api.contract import Contract
from tandem.api.spec import ModelDeploymentSpec
from tandem.contract import Kind, contract_of, held, held_objectives, held_rollback, weakenings
from tests.unit.contract.specs import between, routed, spec, words

STRICT = {"latency": {"p50": "50ms", "p99": "150ms"}, "availability": "99.9%"}
LOOSE = {"latency": {"p99": "1s"}, "availability": "99%"}
PREDICT, BATCH = {"path": "/predict"}, {"path": "/batch", "method": "GET"}


def asking(**quality: Any) -> ModelDeploymentSpec:
    return spec(quality=quality)


def by_sex(**gate: Any) -> dict[str, Any]:
    rows = [{"secret": "labelled"}]
    return {"rows": rows, "answer": "/score", "gates": [{"field": "sex", "metric": "recall", **gate}]}


CASES = {"rows": [{"configMap": "cases"}]}


def needs(**fields: Any) -> ModelDeploymentSpec:
    return spec(requirements=fields)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(needs(**STRICT), needs(**STRICT), [], id="the-same"),
        pytest.param(needs(**LOOSE), needs(**STRICT), [], id="tightened"),
        pytest.param(
            needs(latency={"p99": "1s"}), needs(latency={"p99": "1000ms"}), [], id="the-same-duration-in-other-words"
        ),
        pytest.param(needs(availability="99.0%"), needs(availability="99%"), [], id="the-same-share-in-other-words"),
        pytest.param(
            needs(**STRICT),
            needs(**LOOSE),
            [
                "latency.p50 of 50ms was removed",
                "latency.p99 went from 150ms to 1s",
                "availability went from 99.9% to 99%",
            ],
            id="objectives-relaxed",
        ),
        pytest.param(needs(availability="99%"), spec(), ["availability of 99% was removed"], id="objective-removed"),
        pytest.param(
            needs(throughput={"peak": 200}),
            needs(throughput={"peak": 150.5}),
            ["throughput.peak went from 200 requests a second to 150.5 requests a second"],
            id="peak-lowered",
        ),
        pytest.param(
            needs(throughput={"peak": 200}),
            needs(throughput={"night": 2}),
            ["throughput.peak of 200 requests a second was removed"],
            id="peak-removed",
        ),
        pytest.param(needs(throughput={"peak": 200}), needs(throughput={"peak": 300}), [], id="peak-raised"),
        pytest.param(needs(maxAge="90d"), needs(maxAge="180d"), ["maxAge went from 90d to 180d"], id="older-allowed"),
        pytest.param(needs(maxAge="90d"), needs(maxAge="30d"), [], id="younger-asked"),
        pytest.param(
            spec(), spec(rollback={"automatic": False}), ["rollback.automatic was switched off"], id="rollback-off"
        ),
        pytest.param(spec(rollback={"automatic": False}), spec(), [], id="rollback-on"),
        pytest.param(routed(PREDICT, BATCH), routed(PREDICT), ["GET /batch was removed"], id="endpoint-removed"),
        pytest.param(routed(PREDICT), spec(), ["POST /predict was removed"], id="interface-removed"),
        pytest.param(
            routed(PREDICT),
            routed({**PREDICT, "method": "GET"}),
            ["POST /predict was removed"],
            id="another-method-is-another-endpoint",
        ),
        pytest.param(routed(PREDICT), routed(PREDICT, BATCH), [], id="endpoint-added"),
        pytest.param(spec(), routed(PREDICT), [], id="interface-declared"),
        pytest.param(
            asking(edgeCases=CASES),
            asking(edgeCases={**CASES, "share": "95%"}),
            ["quality.edgeCases went from at least 1 to at least 0.95"],
            id="fewer-edge-cases-have-to-be-met",
        ),
        pytest.param(
            asking(edgeCases=CASES),
            spec(),
            ["quality.deterministic of at least 1 was removed", "quality.edgeCases of at least 1 was removed"],
            id="edge-cases-removed",
        ),
        pytest.param(
            asking(edgeCases=CASES),
            asking(edgeCases={"rows": [{"configMap": "cases-h2k9"}]}),
            [],
            id="the-same-rows-under-a-new-name",
        ),
        pytest.param(
            asking(slices=by_sex(min=0.8, maxGap=0.05)),
            asking(slices=by_sex(min=0.7)),
            [
                "quality.slices recall by sex went from at least 0.8 to at least 0.7",
                "quality.slices recall by sex, maxGap of at most 0.05 was removed",
            ],
            id="floor-lowered-and-gap-removed",
        ),
        pytest.param(asking(slices=by_sex(min=0.8)), asking(slices=by_sex(min=0.9, maxGap=0.1)), [], id="floor-raised"),
        pytest.param(
            asking(compare={"maxChanged": "1%"}),
            asking(compare={"maxChanged": "5%"}, deterministic=False),
            [
                "quality.compare.maxChanged went from at most 0.01 to at most 0.05",
                "quality.deterministic of at least 1 was removed",
            ],
            id="more-answers-may-change",
        ),
        pytest.param(spec(), asking(edgeCases=CASES), [], id="questions-declared"),
    ],
)
def test_what_is_weaker_is_named(old: ModelDeploymentSpec, new: ModelDeploymentSpec, expected: list[str]) -> None:
    assert words(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (needs(**STRICT), needs(**LOOSE), Kind.OBJECTIVE),
        (needs(throughput={"peak": 2}), spec(), Kind.PLAN),
        (needs(maxAge="90d"), spec(), Kind.PLAN),
        (spec(), spec(rollback={"automatic": False}), Kind.SAFEGUARD),
        (routed(PREDICT), spec(), Kind.INTERFACE),
        (asking(edgeCases=CASES), spec(), Kind.QUALITY),
    ],
)
def test_what_is_done_about_it(old: ModelDeploymentSpec, new: ModelDeploymentSpec, kind: Kind) -> None:
    assert {each.kind for each in between(old, new)} == {kind}


def test_hashes_stay_what_they_are() -> None:
    """They stand in people's files: another wording, another Tandem must give the same."""
    old = routed(PREDICT, requirements={**STRICT, "throughput": {"peak": 200}, "maxAge": "90d"})
    new = spec(requirements={"latency": {"p50": "1s"}}, rollback={"automatic": False})
    assert {each.term: each.hash for each in between(old, new)} == {
        "latency.p50": "w4dc2dd5b15d",
        "latency.p99": "w281d1c1c9ac",
        "availability": "wb137a1d745c",
        "throughput.peak": "w565e3047e8c",
        "maxAge": "w1122ccc0735",
        "rollback.automatic": "w5dc447f3fea",
        "interface POST /predict": "wc627d261254",
    }


def test_another_difference_has_another_hash_and_the_same_the_same() -> None:
    relaxed = [needs(latency={"p99": text}) for text in ("200ms", "0s200ms", "300ms")]
    first, same, other = (between(needs(**STRICT), new)[1].hash for new in relaxed)
    assert first == same != other


def test_a_contract_written_before_more_was_known_promises_no_more() -> None:
    old = Contract.model_validate({"latency": {"p99": "150ms"}})
    found = weakenings(contract_of(spec(rollback={"automatic": False}, requirements={"latency": {"p99": "1s"}})), old)
    assert [each.term for each in found] == ["latency.p99"]


@pytest.mark.parametrize(
    ("declared", "before", "expected"),
    [
        pytest.param({}, {}, {}, id="nothing"),
        pytest.param(STRICT, {}, STRICT, id="nothing-was-promised"),
        pytest.param({}, STRICT, STRICT, id="everything-was-removed"),
        pytest.param(LOOSE, STRICT, STRICT, id="relaxed"),
        pytest.param(STRICT, LOOSE, STRICT, id="tightened"),
        pytest.param(
            {"latency": {"p99": "200ms"}},
            {"latency": {"p95": "100ms"}, "availability": "99%"},
            {"latency": {"p95": "100ms", "p99": "200ms"}, "availability": "99%"},
            id="each-has-its-own",
        ),
    ],
)
def test_a_version_is_held_to_the_stricter(
    declared: dict[str, Any], before: dict[str, Any], expected: dict[str, Any]
) -> None:
    old, new = contract_of(needs(**before)), contract_of(needs(**declared))
    for found in (held(new, old, ()), held_objectives(new, old, ())):
        assert found.to_dict() == contract_of(needs(**expected)).to_dict()


def test_what_is_accepted_is_not_held() -> None:
    old, new = needs(**STRICT), needs(**LOOSE)
    [_, slower, rarer] = between(old, new)
    found = held(contract_of(new), contract_of(old), [slower.hash])
    assert found.latency_objectives == {"p50": "50ms", "p99": "1s"}
    assert found.availability == "99.9%"
    both = held_objectives(contract_of(new), contract_of(old), [slower.hash, rarer.hash])
    assert (both.latency_objectives, both.availability) == ({"p50": "50ms", "p99": "1s"}, "99%")


def test_all_that_is_weaker_is_held() -> None:
    asked = {"edgeCases": CASES, "slices": by_sex(min=0.8, maxGap=0.05)}
    old = routed(PREDICT, BATCH, requirements={"throughput": {"peak": 9}, "maxAge": "9d"}, quality=asked)
    new = routed(BATCH, rollback={"automatic": False}, quality={"slices": by_sex(min=0.7)})
    found, before = held(contract_of(new), contract_of(old), ()), contract_of(old)
    assert found == before
    accepted = [each.hash for each in between(old, new)]
    assert held(contract_of(new), before, accepted) == contract_of(new)
    assert weakenings(found, before) == ()


@pytest.mark.parametrize("automatic", [True, False])
def test_automatic_rollback_stays_on_until_it_is_accepted(automatic: bool) -> None:
    before = contract_of(spec())
    [off] = weakenings(contract_of(spec(rollback={"automatic": False})), before)
    assert held_rollback(automatic, before, ())
    assert held_rollback(automatic, before, [off.hash]) is automatic
    assert held_rollback(automatic, contract_of(spec(rollback={"automatic": False})), ()) is automatic
    assert held_rollback(automatic, None, ()) is automatic
