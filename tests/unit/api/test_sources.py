"""Where evidence may be read: what an address is, and what is none."""

import pytest
from pydantic import ValidationError

from tandem.api.sources import PrometheusSource


@pytest.mark.parametrize(
    "address",
    [
        "http://prometheus:9090",
        "http://prometheus.monitoring.svc.cluster.local:9090/",
        "https://metrics.example.com/prometheus",
        "http://10.0.0.1",
        "http://[fd00::1]:9090",
    ],
)
def test_addresses(address: str) -> None:
    assert PrometheusSource(address=address).address == address


@pytest.mark.parametrize(
    "address",
    [
        "prometheus:9090",
        "file:///etc/passwd",
        "ftp://prometheus",
        "http://",
        "http://user:password@prometheus",
        "http://prometheus:9090?x=",
        "http://prometheus:9090/#",
        "http://prometheus:9090/a b",
        "http://prometheus:9090/\n",
        "http://prometheus:port",
        "http://-prometheus",
        "http://prometheus" + "s" * 512,
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValidationError):
        PrometheusSource(address=address)


@pytest.mark.parametrize("label", ["", "0pod", "pod-name", 'pod"}', "pod name", "p" * 129])
def test_what_is_no_label(label: str) -> None:
    """It becomes part of a query."""
    with pytest.raises(ValidationError):
        PrometheusSource(address="http://prometheus", pod_label=label)
