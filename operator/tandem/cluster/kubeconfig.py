"""The way to a cluster that kubectl takes, for a person with a kubeconfig file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from kubernetes.aio.config import ConfigException, list_kube_config_contexts, load_incluster_config, load_kube_config

from tandem.cluster.connection import Connection, NoCluster, new_configuration

DEFAULT_FILE: Final = "~/.kube/config"
POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


async def connect_person(kubeconfig: str | None = None, context: str | None = None) -> Connection:
    """Return the way by the kubeconfig that is named or set; where there is none, the pod's own.

    Raises ``NoCluster``, naming what was looked for.
    """
    files = kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT_FILE
    configuration = new_configuration()
    try:
        if not _exist(files):
            if kubeconfig is not None or context is not None:
                raise NoCluster(f"there is no kubeconfig {files}")
            return _own_connection(files)
        namespace = _namespace(files, context)
        await load_kube_config(  # type: ignore[no-untyped-call]
            config_file=files, context=context, client_configuration=configuration, persist_config=False
        )
    except (ConfigException, OSError) as error:
        raise NoCluster(f"no way to a cluster by {files}: {error}; see `kubectl config get-contexts`") from error
    return Connection(configuration, inside=False, namespace=namespace)


def _exist(files: str) -> bool:
    return any(Path(path).expanduser().is_file() for path in files.split(os.pathsep) if path)


def _own_connection(files: str) -> Connection:
    if not POD_NAMESPACE.is_file():
        raise NoCluster(f"no way to a cluster: there is no kubeconfig {files}; give --kubeconfig, or set KUBECONFIG")
    configuration = new_configuration()
    load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    return Connection(configuration, inside=True, namespace=POD_NAMESPACE.read_text().strip())


def _namespace(files: str, name: str | None) -> str:
    contexts, current = list_kube_config_contexts(files)  # type: ignore[no-untyped-call]
    chosen = current if name is None else _context(contexts, name)
    return str(chosen["context"].get("namespace") or "default")


def _context(contexts: Sequence[Any], name: str) -> Any:
    for each in contexts:
        if each["name"] == name:
            return each
    there = ", ".join(str(each["name"]) for each in contexts) or "none"
    raise NoCluster(f"there is no context {name}; there are: {there}")
