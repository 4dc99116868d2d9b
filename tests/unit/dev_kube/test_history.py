from typing import Any

from dev.kube.history import WeightChange, by_version, versions_of, weight_at, weight_changes
from dev.kube.watch import Seen


def route(**weights: int) -> dict[str, Any]:
    backends = [{"name": name, "port": 80, "weight": weight} for name, weight in weights.items()]
    return {"metadata": {"name": "digits"}, "spec": {"rules": [{"backendRefs": backends}]}}


def test_only_changes_of_the_weights_are_kept() -> None:
    history = [
        Seen(1.0, "ADDED", route(r1=100)),
        Seen(2.0, "MODIFIED", route(r1=100)),
        Seen(3.0, "MODIFIED", route(r1=90, r2=10)),
        Seen(4.0, "MODIFIED", route(r1=100, r2=0)),
        Seen(5.0, "DELETED", route(r1=100)),
    ]
    changes = weight_changes(history)
    assert changes == [
        WeightChange(1.0, {"r1": 100}),
        WeightChange(3.0, {"r1": 90, "r2": 10}),
        WeightChange(4.0, {"r1": 100}),
        WeightChange(5.0, {}),
    ]
    assert weight_at(changes, 0.5) == {}
    assert weight_at(changes, 3.5) == {"r1": 90, "r2": 10}


def test_a_backend_without_a_weight_has_one_as_in_the_gateway_api() -> None:
    bare = {"metadata": {"name": "digits"}, "spec": {"rules": [{"backendRefs": [{"name": "r1"}]}]}}
    assert weight_changes([Seen(1.0, "ADDED", bare)]) == [WeightChange(1.0, {"r1": 1})]


def test_versions_are_the_tags_of_the_images() -> None:
    revisions = [{"metadata": {"name": "digits-r1"}, "spec": {"image": "registry.example.com:5000/digits:first"}}]
    assert versions_of(revisions) == {"digits-r1": "first"}
    assert by_version({"digits-r1": 90, "digits-r2": 10}, {"digits-r1": "first"}) == {"first": 90, "digits-r2": 10}
