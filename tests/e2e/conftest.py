"""The stage of the end-to-end tests: cluster, images and operator once, a namespace for each model.

A test that fails shows what a person would look at: objects, conditions, events, the last lines of the logs.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from dev.cluster.lock import locked
from dev.cluster.settings import DEFAULT_NAME
from dev.images.cache import cache_folder
from dev.kube import stack
from dev.kube.client import Kube, NotThere
from dev.kube.diagnosis import diagnose
from dev.kube.model import Model
from dev.kube.watch import Watch

ORDER = (
    "test_main_job",
    "test_rollback",
    "test_gateway_errors",
    "test_prometheus_source",
    "test_objectives",
    "test_without_gateway",
    "test_command_line",
    "test_changes_of_mind",
    "test_bad_input",
    "test_dying_pods",
    "test_quality",
    "test_quality_in_image",
    "test_quality_wrong_versions",
    "test_quality_trouble",
    "test_quality_later_pods",
    "test_pushed_again",
    "test_crashes",
    "test_profile",
    "test_first_model",
)
"""The most important first: a broken build is known early."""

NewModel = Callable[[], Model]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cluster", default=DEFAULT_NAME, help="which local cluster the end-to-end tests use")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
    items.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.stem in ORDER else len(ORDER))


def one_at_a_time() -> AbstractContextManager[None]:
    """Let no two processes of the same run set the stage: the second finds all of it there."""
    return locked(cache_folder(), "e2e")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Kube:
    """The cluster, with nothing of Tandem's in it yet."""
    kube = Kube(request.config.getoption("--cluster"))
    with one_at_a_time():
        stack.make_cluster(kube.name)
    return kube


@pytest.fixture(scope="session")
def archives(cluster: Kube) -> dict[str, Path]:
    """The archives of the images that are in the cluster, by image."""
    with one_at_a_time():
        return stack.load_images(cluster.name)


@pytest.fixture(scope="session")
def kube(cluster: Kube, archives: dict[str, Path]) -> Kube:
    with one_at_a_time():
        stack.install_operator(cluster, archives)
    return cluster


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("traffic") / "rows.jsonl"
    subprocess.run([sys.executable, "-m", "dev.traffic.digits", str(file)], cwd=stack.REPOSITORY, check=True)
    return file


_numbers = itertools.count(1)
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
"""Where several processes run the tests, which one this is: their namespaces have different names."""


@pytest.fixture(scope="module")
def module_stage(
    kube: Kube, rows: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[NewModel]:
    """Models that live as long as the tests of a file."""
    yield from _stage(kube, rows, tmp_path_factory, request)


@pytest.fixture
def stage(
    kube: Kube, rows: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[NewModel]:
    """Models that live as long as one test."""
    yield from _stage(kube, rows, tmp_path_factory, request)


@pytest.fixture
def model(stage: NewModel) -> Model:
    """One model, not applied yet."""
    return stage()


def _stage(
    kube: Kube, rows: Path, folders: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[NewModel]:
    with ExitStack() as open_until_the_end:

        def make() -> Model:
            namespace = f"e2e-{_WORKER}{next(_numbers)}"
            stack.remove_namespace(kube, namespace, 120)
            stack.make_namespace(kube, namespace)
            open_until_the_end.callback(_leave, kube, namespace, request.node)
            deployments, revisions, routes = (
                open_until_the_end.enter_context(Watch(kube, kind, namespace))
                for kind in ("modeldeployments", "modelrevisions", "httproutes")
            )
            return Model(kube, namespace, deployments, revisions, routes, rows, folders.mktemp(namespace))

        yield make


_failed: set[str] = set()


def _leave(kube: Kube, namespace: str, node: pytest.Item | pytest.Collector) -> None:
    # The namespace's pods drain in the background: nothing that follows waits for them.
    if any(failed.startswith(node.nodeid) for failed in _failed):
        print(diagnose(kube, namespace))
    try:
        kube.kubectl("delete", "namespace", namespace, "--wait=false")
    except NotThere:
        return


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        _failed.add(item.nodeid)
    return report
