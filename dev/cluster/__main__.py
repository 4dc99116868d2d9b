"""``python -m dev.cluster``: the local cluster's commands."""

import argparse
import sys
from ipaddress import IPv4Network
from pathlib import Path

from dev.cluster import kind, native
from dev.cluster.binaries import CLUSTER_TOOLS, LIGHT_TOOLS, ensure_tools
from dev.cluster.errors import ClusterError
from dev.cluster.lock import locked
from dev.cluster.native import open_cluster
from dev.cluster.progress import Progress
from dev.cluster.settings import DEFAULT_NAME, check_name, description_file, run_folder
from dev.images.cache import cache_folder


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    progress = Progress()
    try:
        check_name(options.name)
        return int(_COMMANDS[options.command](options, progress))
    except ClusterError as error:
        progress.console.print(f"[red]error:[/] {options.command}", end=": ")
        progress.console.print(str(error), markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        progress.say("interrupted; run the same command again to go on, or `down` to remove the cluster")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.cluster", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--name", default=DEFAULT_NAME, help="which cluster (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common])

    up = command("up", "make the cluster, or have it complete and running again")
    up.add_argument("--nodes", type=int, help="how many nodes (default: 1)")
    up.add_argument(
        "--subnet", type=IPv4Network, help="the nodes' addresses (default: the first free of 10.200.0.0/24 …)"
    )
    up.add_argument(
        "--pod-subnet", type=IPv4Network, help="the pods' addresses (default: the first free of 10.244.0.0/16 …)"
    )
    up.add_argument("--without-docker", action="store_true", help="even where kind and a Docker daemon are there")
    command("build", "build all programs that clusters are made of; the others do so when they need them")
    command("down", "remove the cluster; only the cache of builds stays")
    command("status", "what runs and what does not")
    command("load", "bring image archives into the cluster").add_argument("archives", nargs="+", type=Path)
    command("env", 'print shell settings: eval "$(python -m dev.cluster env)"')
    logs = command("logs", "print the end of the components' logs")
    logs.add_argument("components", nargs="*", help="which (default: all)")
    logs.add_argument("--lines", type=int, default=20, help="how many lines of each (default: %(default)s)")
    command("restart", "restart a part of the control plane").add_argument("component")
    return parser


def _up(options: argparse.Namespace, progress: Progress) -> int:
    cache = cache_folder()
    with locked(cache, options.name):
        exists = description_file(options.name).exists()
        if not options.without_docker and not exists and kind.is_usable():
            kind.up(options.name, options.nodes or 1, progress)
        else:
            native.up(options.name, options.nodes, options.subnet, options.pod_subnet, cache, progress)
    url = (run_folder(options.name) / "gateway-url").read_text().strip()
    progress.say(f"The cluster {options.name} is up. Gateway: {url}")
    progress.say(f'To use it: eval "$(python -m dev.cluster env{_named(options)})"')
    return 0


def _build(_options: argparse.Namespace, progress: Progress) -> int:
    tools = dict.fromkeys((*LIGHT_TOOLS, *CLUSTER_TOOLS))
    folders = ensure_tools(tuple(tools), cache_folder(), progress)
    progress.say(f"{len(folders)} programs are in the cache: {', '.join(sorted(folders))}")
    return 0


def _down(options: argparse.Namespace, progress: Progress) -> int:
    with locked(cache_folder(), options.name):
        if kind.exists(options.name):
            kind.down(options.name, progress)
        else:
            native.down(options.name, progress)
    return 0


def _status(options: argparse.Namespace, _progress: Progress) -> int:
    if kind.exists(options.name):
        print(kind.kubectl(options.name)("get", "nodes", "--output=wide", doing="listing the nodes"), end="")
        return 0
    cluster = open_cluster(options.name)
    for name in cluster.table.names():
        record = cluster.table.running(name)
        print(f"{name:28} {f'running  pid {record.pid}' if record else 'NOT RUNNING'}")
    try:
        print(cluster.kubectl("get", "nodes", "--output=wide", doing="listing the nodes", timeout=10), end="")
    except ClusterError as error:
        print(error)
    print(f"gateway: {cluster.gateway_url}\nlogs: {cluster.table.logs}")
    return 1 if cluster.troubles() else 0


def _load(options: argparse.Namespace, progress: Progress) -> int:
    for archive in options.archives:
        if not archive.is_file():
            raise ClusterError(f"there is no archive {archive}")
    with locked(cache_folder(), options.name), progress.step(f"loading {len(options.archives)} image archives"):
        if kind.exists(options.name):
            kind.load(options.name, options.archives)
        else:
            open_cluster(options.name).load(options.archives)
    return 0


def _env(options: argparse.Namespace, _progress: Progress) -> int:
    run = run_folder(options.name)
    if not (run / "gateway-url").exists():
        raise ClusterError(f"the cluster {options.name!r} is not up: run `python -m dev.cluster up{_named(options)}`")
    print(f"export KUBECONFIG={run / 'kubeconfig'}")
    print(f"export PATH={run / 'bin'}:$PATH")
    print(f"export GATEWAY_URL={(run / 'gateway-url').read_text().strip()}")
    return 0


def _logs(options: argparse.Namespace, _progress: Progress) -> int:
    table = open_cluster(options.name).table
    for name in options.components or table.names():
        print(f"== {name} ({table.log(name)})\n{table.tail(name, options.lines)}")
    return 0


def _restart(options: argparse.Namespace, progress: Progress) -> int:
    with locked(cache_folder(), options.name), progress.step(f"restarting {options.component}"):
        open_cluster(options.name).plane.restart(options.component)
    return 0


def _named(options: argparse.Namespace) -> str:
    return "" if options.name == DEFAULT_NAME else f" --name {options.name}"


_COMMANDS = {
    "build": _build,
    "up": _up,
    "down": _down,
    "status": _status,
    "load": _load,
    "env": _env,
    "logs": _logs,
    "restart": _restart,
}

if __name__ == "__main__":
    sys.exit(main())
