"""Build steps reach the package index as this machine does, by mounts that no image keeps."""

from pathlib import Path

import pytest

from dev.images import network
from dev.images.network import MOUNT_POINTS, write_network


@pytest.fixture(autouse=True)
def plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(network, "_PIP_FILES", ())


def test_the_machine_s_certificates_are_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.crt"
    bundle.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    configuration = write_network(tmp_path).read_text()
    assert f"{bundle}:/etc/ssl/certs/ca-certificates.crt:ro" in configuration


def test_every_file_mounted_over_nothing_is_known_to_the_base_image(tmp_path: Path) -> None:
    configuration = write_network(tmp_path).read_text()
    for target in MOUNT_POINTS:
        assert f":/{target}:ro" in configuration


def test_an_index_of_one_s_own_is_used_by_pip_and_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example.com/simple")
    write_network(tmp_path)
    assert "index-url = https://index.example.com/simple" in (tmp_path / "pip.conf").read_text()
    assert 'url = "https://index.example.com/simple"' in (tmp_path / "uv.toml").read_text()


def test_an_index_from_pip_s_own_configuration_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.conf").write_text("[global]\nindex-url = https://other.example.com/%s/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "own.conf"))
    write_network(tmp_path)
    assert "https://other.example.com/%s/simple" in (tmp_path / "pip.conf").read_text()


def test_without_one_the_public_index_is_left_to_pip_and_uv(tmp_path: Path) -> None:
    write_network(tmp_path)
    assert "url" not in (tmp_path / "pip.conf").read_text() + (tmp_path / "uv.toml").read_text()
