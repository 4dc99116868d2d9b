"""Waiting for a component to be healthy, with a deadline, noticing at once when it dies instead."""

import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from dev.cluster.errors import NotHealthy
from dev.cluster.processes import ProcessTable

_POLL_SECONDS = 0.2

Probe = Callable[[], str]
"""Returns the empty string when healthy, otherwise what is wrong."""


def answers(url: str) -> Probe:
    """A probe: a GET of `url` is answered with 200. Health needs no trust: certificates are not verified."""
    return _probe(url, lambda status: status == 200)


def accepts_connections(address: str, port: int) -> Probe:
    """A probe: somebody listens there."""

    def probe() -> str:
        try:
            with socket.create_connection((address, port), timeout=3):
                return ""
        except OSError as error:
            return str(error)

    return probe


def speaks_http(url: str) -> Probe:
    """A probe: a GET of `url` is answered with anything but a server's error (a gateway without routes says 404)."""
    return _probe(url, lambda status: status < 500)


def _probe(url: str, accepts: Callable[[int], bool]) -> Probe:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Never through a proxy that the environment names: these addresses are the machine's own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def probe() -> str:
        try:
            with opener.open(url, timeout=3) as response:
                return "" if accepts(response.status) else f"status {response.status}"
        except urllib.error.HTTPError as error:
            if accepts(error.code):
                return ""
            return f"status {error.code}: {error.read(300).decode(errors='replace')}"
        except (OSError, ValueError) as error:
            return str(error)

    return probe


def await_healthy(table: ProcessTable, name: str, probe: Probe, deadline: float) -> None:
    """Wait until the component's probe is content. Raises ComponentDied or, after `deadline` seconds, NotHealthy."""

    def alive_and_well() -> str:
        table.check_alive(name)
        return probe()

    try:
        await_content(name, alive_and_well, deadline)
    except NotHealthy as error:
        raise NotHealthy(f"{error}\nIts last lines ({table.log(name)}):\n{table.tail(name)}") from None


def await_content(what: str, probe: Probe, deadline: float) -> None:
    """Wait until the probe is content. Raises NotHealthy, with the probe's last word, after `deadline` seconds."""
    until = time.monotonic() + deadline
    while wrong := probe():
        if time.monotonic() > until:
            raise NotHealthy(f"{what} is not healthy after {deadline:.0f} s: {wrong}")
        time.sleep(_POLL_SECONDS)
