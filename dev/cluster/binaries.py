"""The cluster's binaries, built from the pinned Go modules in dev/tools and kept in the cache."""

import fcntl
import hashlib
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.commands import WordList, follow, run
from dev.cluster.errors import ClusterError
from dev.cluster.progress import Progress, Step
from dev.cluster.settings import KUBERNETES_VERSION
from dev.cluster.toolchain import environment, find_go

MODULES = Path(__file__).resolve().parents[1] / "tools"


def _ldflags() -> str:
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES_VERSION, "gitMajor": major, "gitMinor": minor}
    return "-s -w " + " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())


_FLAGS = ("-trimpath", "-ldflags", _ldflags())


@dataclass(frozen=True)
class Tool:
    """A Go module of the project's own, and what is built from it."""

    name: str
    module: str
    """The module that everything is built from; the empty string for a module with our own sources."""
    packages: tuple[str, ...]
    kept: tuple[str, ...] = ()
    """Folders of the module that are needed as well (a chart, configuration)."""
    modules: Path = MODULES
    """The folder in which the module of the project's own has a folder, by the tool's name."""

    @property
    def home(self) -> Path:
        """Where go.mod and go.sum are."""
        return self.modules / self.name


_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")

SMALL = Tool("small", "", ("tandem.dev/dev/tools/small/pause", "tandem.dev/dev/tools/small/forward"))
ETCD = Tool("etcd", "go.etcd.io/etcd/server/v3", ("go.etcd.io/etcd/server/v3",))
KUBERNETES = Tool("kubernetes", "k8s.io/kubernetes", tuple(f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES))
COREDNS = Tool("coredns", "github.com/coredns/coredns", ("github.com/coredns/coredns",))
HELM = Tool("helm", "helm.sh/helm/v4", ("helm.sh/helm/v4/cmd/helm",))
ENVOY_GATEWAY = Tool(
    "envoy-gateway",
    "github.com/envoyproxy/gateway",
    ("github.com/envoyproxy/gateway/cmd/envoy-gateway",),
    ("charts/gateway-helm",),
)
KWOK = Tool("kwok", "sigs.k8s.io/kwok", ("sigs.k8s.io/kwok/cmd/kwok",), ("kustomize/stage",))

CLUSTER_TOOLS = (SMALL, ETCD, KUBERNETES, COREDNS, HELM, ENVOY_GATEWAY)
LIGHT_TOOLS = (ETCD, KUBERNETES, KWOK)


def version_of(tool: Tool, go_mod: str) -> str:
    """The version that the tool's go.mod pins."""
    if not tool.module:
        return "dev"
    match = re.search(rf"^\s*(?:require\s+)?{re.escape(tool.module)} (v\S+)", go_mod, re.MULTILINE)
    if not match:
        raise ClusterError(f"{tool.name}/go.mod does not require {tool.module}")
    return match[1]


def folder_of(tool: Tool, cache: Path) -> Path:
    """Where the tool's binaries are (or will be): named by version and by everything that decides what they are."""
    module = tool.home
    sources = sorted(module.rglob("*.go")) if not tool.module else []
    digest = hashlib.sha256("\0".join((*_FLAGS, *tool.packages, *tool.kept)).encode())
    for path in [module / "go.mod", module / "go.sum", *sources]:
        digest.update(path.read_bytes() if path.exists() else b"")
    return cache / "bin" / f"{tool.name}-{version_of(tool, (module / 'go.mod').read_text())}-{digest.hexdigest()[:12]}"


def ensure_tools(tools: Sequence[Tool], cache: Path, progress: Progress) -> dict[str, Path]:
    """Have these tools built; returns the folder of each by the tool's name.

    One after the other: Go uses every processor by itself. A tool that another command is building is waited for.
    """
    folders = {tool.name: folder_of(tool, cache) for tool in tools}
    if all(folder.is_dir() for folder in folders.values()):
        return folders
    go = find_go(MODULES, cache, progress)
    missing = [tool for tool in tools if not folders[tool.name].is_dir()]
    # Compiling needs the processors and downloading the network: what later tools need is fetched meanwhile.
    with ThreadPoolExecutor(max_workers=1) as ahead:
        counts = [ahead.submit(_fetch_and_count, go, tool) for tool in missing]
        try:
            for tool, count in zip(missing, counts, strict=True):
                with _locked(cache / "bin" / f".{tool.name}.lock"):
                    if not folders[tool.name].is_dir():
                        _build(tool, folders[tool.name], go, count, progress)
        finally:
            ahead.shutdown(cancel_futures=True)
    return folders


def _build(tool: Tool, folder: Path, go: Path, count: Future[int], progress: Progress) -> None:
    module = tool.home
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with progress.step(f"building {tool.name} {version_of(tool, (module / 'go.mod').read_text())}") as step:
        step("downloading its modules")
        total = count.result()
        words: WordList = [go, "build", "-v", *_FLAGS, "-o", f"{partial}/", *tool.packages]
        follow(words, doing=f"building {tool.name}", on_line=_Counter(step, total), env=environment(), cwd=module)
        for kept in tool.kept:
            where: WordList = [go, "list", "-m", "-f", "{{.Dir}}", tool.module]
            source = run(where, doing=f"finding the module of {tool.name}", env=environment(), cwd=module)
            _copy_writable(Path(source.strip()) / kept, partial / Path(kept).name)
    partial.replace(folder)
    for other in folder.parent.glob(f"{tool.name}-v*"):
        if other.name.rpartition("-")[0] == folder.name.rpartition("-")[0] and other != folder:
            shutil.rmtree(other)  # the same version built with other flags: hundreds of megabytes


def _fetch_and_count(go: Path, tool: Tool) -> int:
    """Have the tool's modules in Go's module cache; returns how many packages it is made of."""
    words: WordList = [go, "list", "-deps", *tool.packages]
    doing = f"downloading the modules of {tool.name}"
    return len(run(words, doing=doing, env=environment(), cwd=tool.home, timeout=1800).splitlines())


class _Counter:
    """Turns `go build -v`, which prints each package that it compiles, into words on how far it is."""

    def __init__(self, step: Step, total: int) -> None:
        self._step = step
        self._total = total
        self._count = 0

    def __call__(self, line: str) -> None:
        self._count += 1
        self._step(f"{self._count} of at most {self._total} packages: {line}")


def _copy_writable(source: Path, target: Path) -> None:
    """Copy out of the module cache, whose files and folders are all read-only."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
