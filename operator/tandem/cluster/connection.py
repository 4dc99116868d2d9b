"""How to reach the API server: the pod's service account, or a kubeconfig file."""

from dataclasses import dataclass

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

MAX_CONNECTIONS = 32
"""Connections to the API server at a time; more requests wait for a free one, on our side."""


class NoCluster(Exception):
    """Neither a service account nor a kubeconfig file leads to an API server."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Address and credentials at this moment, for a client other than our own."""

    server: str
    ca_file: str | None
    certificate_file: str | None
    key_file: str | None
    scheme: str | None
    token: str | None
    insecure: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """A way to an API server."""

    configuration: Configuration
    inside: bool
    """This process runs in a pod of the cluster, so it reaches other pods by their addresses."""
    namespace: str = "default"
    """The namespace that is meant where none is named; only `tandem.cluster.kubeconfig` looks for it."""


async def connect(kubeconfig: str | None = None, context: str | None = None) -> Connection:
    """Return the way that the given kubeconfig names, else the pod's own, else the default kubeconfig's.

    Nothing is sent yet. Tokens are read anew as they expire (the library's own refresh). Raises ``NoCluster``.
    """
    configuration = new_configuration()
    try:
        if kubeconfig is None:
            try:
                load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
                return Connection(configuration, inside=True)
            except ConfigException:
                pass
        await load_kube_config(  # type: ignore[no-untyped-call]
            config_file=kubeconfig, context=context, client_configuration=configuration, persist_config=False
        )
    except (ConfigException, OSError) as error:
        raise NoCluster(
            f"no way to a cluster: {error}; run in a pod with a service account, or set KUBECONFIG to a kubeconfig file"
        ) from error
    return Connection(configuration, inside=False)


def new_configuration() -> Configuration:
    """Return a configuration that leads nowhere yet."""
    configuration = Configuration()
    configuration.connection_pool_maxsize = MAX_CONNECTIONS
    # Otherwise every single request has a thread read ~/.netrc and another one the environment's proxies. A proxy to
    # the API server is named in the kubeconfig, and kopf goes by nothing else either.
    configuration.client_session_kwargs = {"trust_env": False}
    return configuration


async def credentials_of(configuration: Configuration) -> Credentials:
    """Return what a configuration holds right now; a token is refreshed first if it is due."""
    header = await authorization(configuration)
    scheme, _, token = (header or "").rpartition(" ")
    return Credentials(
        server=configuration.host,
        ca_file=configuration.ssl_ca_cert,
        certificate_file=configuration.cert_file,
        key_file=configuration.key_file,
        scheme=scheme or None,
        token=token or None,
        insecure=not configuration.verify_ssl,
    )


async def authorization(configuration: Configuration) -> str | None:
    """Return the Authorization header for the next request; None with client certificates."""
    settings = await configuration.auth_settings()
    bearer = settings.get("BearerToken")
    value = bearer["value"] if bearer else None
    return str(value) if value else None
