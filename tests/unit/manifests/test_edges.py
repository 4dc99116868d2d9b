from collections.abc import Callable

from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.api.requirements import Requirements
from tandem.manifests.edges import GRID, MAX_EDGES, edges, edges_of, objectives

NONE = Requirements()
TWO = Requirements.model_validate({"latency": {"p50": "40ms", "p99": "150ms"}})


def test_objectives_are_seconds() -> None:
    assert objectives(TWO) == {"p50": 0.04, "p99": 0.15}
    assert objectives(NONE) == {}


def test_edges_are_the_grid_the_objectives_and_those_of_live_revisions() -> None:
    assert edges(NONE) == GRID
    assert edges(TWO, [(0.3, 0.1), (0.7,)]) == tuple(sorted({*GRID, 0.04, 0.15, 0.3, 0.7}))


def test_an_objective_that_is_an_edge_already_is_there_once() -> None:
    assert edges(Requirements.model_validate({"latency": {"p99": "100ms"}})) == GRID


def test_an_objective_of_nothing_is_no_edge() -> None:
    assert 0.0 not in edges(Requirements.model_validate({"latency": {"p99": "0s"}}))


def test_edges_do_not_pile_up_over_years() -> None:
    inherited = [i / 1000 + 0.0001 for i in range(200)]
    chosen = edges(TWO, [(0.3,), inherited])
    assert len(chosen) == MAX_EDGES
    assert {*GRID, 0.04, 0.15, 0.3} <= set(chosen)


def test_a_revision_tells_its_edges(
    deployment: Callable[..., ModelDeployment], revision: Callable[..., ModelRevision]
) -> None:
    asked = deployment(model={"service": "Fraud"}, requirements={"latency": {"p99": "150ms"}})
    assert edges_of(revision(asked).spec) == edges(asked.spec.requirements)
    own = deployment(model={"env": [{"name": "BENTOML_CONFIG", "value": "/own.yaml"}]})
    assert edges_of(revision(own).spec) == (), "the author's file decides, and Tandem does not know it"
