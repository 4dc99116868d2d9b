"""Processes known by id and start time, and builds known by what decides them."""

import os
import signal
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from dev.cluster import binaries
from dev.cluster.archive import write_archive
from dev.cluster.commands import run
from dev.cluster.errors import CommandFailed, ComponentDied, NotHealthy
from dev.cluster.health import answers, await_healthy
from dev.cluster.processes import ProcessTable, Record, boot_id, is_alive, parse_stat, start_time
from dev.cluster.system_images import libraries
from dev.cluster.toolchain import installed_version, required_version


@pytest.fixture
def table(tmp_path: Path) -> ProcessTable:
    return ProcessTable(tmp_path / "processes", tmp_path / "logs")


def test_a_process_is_found_again_by_another_table_and_ends_when_told(table: ProcessTable) -> None:
    assert table.ensure("sleeper", ["sleep", "600"])
    again = ProcessTable(table.records, table.logs)
    record = again.running("sleeper")
    assert record is not None
    assert not again.ensure("sleeper", ["sleep", "600"])
    again.stop("sleeper")
    assert start_time(record.pid) is None
    assert again.names() == []


def test_another_command_line_restarts_the_component(table: ProcessTable) -> None:
    table.ensure("sleeper", ["sleep", "600"])
    first = table.running("sleeper")
    assert table.ensure("sleeper", ["sleep", "601"])
    second = table.running("sleeper")
    table.kill("sleeper")
    assert first is not None
    assert second is not None
    assert not is_alive(first)
    assert first.pid != second.pid


def test_a_process_id_given_to_somebody_else_is_never_signalled(table: ProcessTable) -> None:
    table.ensure("sleeper", ["sleep", "600"])
    record = table.running("sleeper")
    assert record is not None
    stranger = replace(record, start_time=record.start_time - 1)
    (table.records / "sleeper.json").write_text(stranger.to_json())
    table.stop("sleeper")
    assert is_alive(record)
    os.kill(record.pid, signal.SIGKILL)
    assert not is_alive(replace(record, boot="another boot"))


def test_a_component_deaf_to_sigterm_is_killed_after_the_deadline(table: ProcessTable) -> None:
    table.ensure("deaf", ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"])
    await_healthy(table, "deaf", lambda: "" if "ready" in table.tail("deaf") else "not ready", 10)
    table.stop("deaf", deadline=0.1)
    assert table.running("deaf") is None


def test_a_component_that_dies_is_named_with_its_last_lines(table: ProcessTable) -> None:
    table.ensure("broken", ["/bin/sh", "-c", "echo the reason; exit 1"])
    with pytest.raises(ComponentDied, match=r"(?s)broken has ended.*the reason"):
        await_healthy(table, "broken", lambda: "not yet", 10)


def test_a_component_that_never_gets_healthy_is_named_with_what_is_wrong(table: ProcessTable) -> None:
    table.ensure("slow", ["sleep", "600"])
    try:
        with pytest.raises(NotHealthy, match="slow is not healthy after 0 s: still loading"):
            await_healthy(table, "slow", lambda: "still loading", 0)
    finally:
        table.kill("slow")


def test_a_probe_says_why_nobody_answers() -> None:
    assert "refused" in answers("http://127.0.0.1:1/healthz")()


def test_records_cut_off_in_the_middle_count_as_none() -> None:
    record = Record(1, 2, boot_id(), ("a", "b"))
    assert Record.from_json(record.to_json()) == record
    assert Record.from_json(record.to_json()[:10]) is None


def test_the_name_in_a_processs_status_may_hold_anything() -> None:
    fields = " ".join(str(number) for number in range(4, 53))
    assert parse_stat(f"7 (a) S) b) R {fields}") == ("R", 22)


def test_a_build_is_known_by_its_flags_sources_and_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = binaries.ETCD
    before = binaries.folder_of(tool, tmp_path)
    assert before.name.startswith("etcd-v3.")
    monkeypatch.setattr(binaries, "_FLAGS", ("-other",))
    assert binaries.folder_of(tool, tmp_path) != before


def test_every_tool_pins_the_version_it_is_named_by(tmp_path: Path) -> None:
    for tool in {*binaries.CLUSTER_TOOLS, *binaries.LIGHT_TOOLS}:
        assert binaries.folder_of(tool, tmp_path).parent == tmp_path / "bin"
    assert binaries.version_of(binaries.KUBERNETES, "require k8s.io/kubernetes v1.2.3\n") == "v1.2.3"
    with pytest.raises(Exception, match="does not require"):
        binaries.version_of(binaries.KUBERNETES, "module x\n")


def test_versions_of_go_compare_as_numbers() -> None:
    assert required_version("module x\n\ngo 1.26.10\n") > required_version("module x\n\ngo 1.26.9\n")
    assert installed_version(Path("/no/such/go")) == (0,)


def test_an_image_archive_holds_its_files_and_is_the_same_each_time(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_text("program")
    archives = [tmp_path / name for name in ("a.tar", "b.tar")]
    for archive in archives:
        write_archive(archive, "x.local/y:z", {"/bin/y": binary}, entrypoint=["/bin/y"], folders=["/tmp"])
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as tar:
        layer = next(name for name in tar.getnames() if name.endswith(".tar"))
        content = tar.extractfile(layer)
        assert content is not None
        with tarfile.open(fileobj=content) as files:
            assert files.getnames() == ["bin", "tmp", "bin/y"]


def test_libraries_are_read_off_ldd() -> None:
    listed = "\tlinux-vdso.so.1 (0x7)\n\tlibm.so.6 => /lib/x/libm.so.6 (0x7f)\n\t/lib64/ld-linux.so.2 (0x7f)\n"
    assert sorted(libraries(listed)) == ["/lib/x/libm.so.6", "/lib64/ld-linux.so.2"]


def test_a_failed_command_says_what_was_being_done() -> None:
    with pytest.raises(CommandFailed, match=r"(?s)baking.*ended with 3.*no flour"):
        run(["/bin/sh", "-c", "echo no flour >&2; exit 3"], doing="baking")
