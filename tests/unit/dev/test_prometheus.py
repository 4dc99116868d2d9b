"""Where Prometheus cannot be had, whoever needs it is told what to do."""

from pathlib import Path

import pytest

from dev.cluster.errors import ClusterError
from dev.prometheus import find_prometheus


def test_an_installed_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "prometheus"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_prometheus(tmp_path / "cache") == program


def test_without_debian_somebody_must_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ClusterError, match=r"(?s)need Prometheus.*apt-get is not installed.*Put a `prometheus` on PATH"
    ):
        find_prometheus(tmp_path / "cache")
    assert not (tmp_path / "cache" / "prometheus").exists()
