"""Processes that outlive the command that started them, known by process id and start time, never by name."""

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.commands import last_lines
from dev.cluster.errors import ClusterError, ComponentDied

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Record:
    """A process that was started. The id alone may have been given to another process since; with its start time, in
    clock ticks after boot, and the boot's id it is unmistakable."""

    pid: int
    start_time: int
    boot: str
    argv: tuple[str, ...]

    def to_json(self) -> str:
        return json.dumps({"pid": self.pid, "startTime": self.start_time, "boot": self.boot, "argv": self.argv})

    @staticmethod
    def from_json(text: str) -> "Record | None":
        """None for a record that was cut off while it was being written."""
        try:
            data = json.loads(text)
            return Record(int(data["pid"]), int(data["startTime"]), str(data["boot"]), tuple(data["argv"]))
        except (ValueError, KeyError, TypeError):
            return None


def parse_stat(text: str) -> tuple[str, int]:
    """State letter and start time from the content of /proc/PID/stat. The name in it may hold spaces and brackets."""
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def start_time(pid: int) -> int | None:
    """When a process that runs was started, in ticks after boot; None when there is none, or it has ended."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that has ended would stay as a zombie
    try:
        state, started = parse_stat(Path(f"/proc/{pid}/stat").read_text())
        # The first thread dies first; until the others are dead too, they hold the process' ports.
        ended = state in "ZX" and len(list(Path(f"/proc/{pid}/task").iterdir())) <= 1
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if ended else started


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def is_alive(record: Record) -> bool:
    return record.boot == boot_id() and start_time(record.pid) == record.start_time


class ProcessTable:
    """The processes of one cluster: their records and logs are files, so that any later command finds them."""

    def __init__(self, records: Path, logs: Path, launcher: Sequence[str] = ()) -> None:
        """`launcher` is put before every command line; it must end in an exec, so that the process id stays."""
        self.records = records
        self.logs = logs
        self._launcher = tuple(launcher)

    def names(self) -> list[str]:
        """Every component ever started here and not yet stopped, dead ones too."""
        return sorted(path.stem for path in self.records.glob("*.json"))

    def running(self, name: str) -> Record | None:
        """The process of this component, if it runs."""
        path = self.records / f"{name}.json"
        record = Record.from_json(path.read_text()) if path.exists() else None
        return record if record and is_alive(record) else None

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def ensure(
        self, name: str, argv: Sequence[str | Path], *, within: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> bool:
        """Have the component run with exactly this command line; returns whether it had to be started.

        `within` is what enters a node's namespaces. A component that runs with another command line is restarted.
        """
        words = (*self._launcher, *within, *map(str, argv))
        record = self.running(name)
        if record and record.argv == words:
            return False
        if record:
            self.stop(name)
        self._spawn(name, words, {**_ENVIRONMENT, **(env or {})})
        return True

    def check_alive(self, name: str) -> None:
        """Raises ComponentDied, with its last lines, when the component does not run."""
        if not self.running(name):
            raise ComponentDied(f"{name} has ended. Its last lines ({self.log(name)}):\n{self.tail(name)}")

    def tail(self, name: str, lines: int = 25) -> str:
        """The end of the component's log, for quoting."""
        path = self.log(name)
        if not path.exists():
            return "  (no log)"
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 200 * lines))
            return last_lines(file.read().decode(errors="replace"), lines)

    def stop(self, name: str, deadline: float = 10.0) -> None:
        """End the component: SIGTERM, and SIGKILL after `deadline` seconds. Does nothing when it does not run."""
        self.signal(name, signal.SIGTERM)
        if not self._await_end(name, deadline):
            self.signal(name, signal.SIGKILL)
            if not self._await_end(name, 10.0):
                raise ClusterError(f"{name} cannot be ended, not even with SIGKILL; see {self.log(name)}")
        (self.records / f"{name}.json").unlink(missing_ok=True)

    def kill(self, name: str) -> None:
        """End the component at once, as a crash would."""
        self.signal(name, signal.SIGKILL)
        if not self._await_end(name, 10.0):
            raise ClusterError(f"{name} cannot be ended, not even with SIGKILL; see {self.log(name)}")

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the component, if it runs."""
        if record := self.running(name):
            with suppress(ProcessLookupError):
                os.kill(record.pid, number)

    def _await_end(self, name: str, deadline: float) -> bool:
        until = time.monotonic() + deadline
        while self.running(name):
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _spawn(self, name: str, words: tuple[str, ...], env: Mapping[str, str]) -> None:
        self.records.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        if self.log(name).exists():
            self.log(name).replace(self.logs / f"{name}.previous.log")
        output = os.open(self.log(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            pid = os.posix_spawnp(
                words[0],
                words,
                env,
                file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 0)] + [(os.POSIX_SPAWN_DUP2, output, fd) for fd in (1, 2)],
                setsid=True,
            )
        except OSError as error:
            raise ClusterError(f"{name} cannot be started: {words[0]}: {error}") from error
        finally:
            os.close(output)
            os.close(nothing)
        record = Record(pid, start_time(pid) or 0, boot_id(), words)
        temporary = self.records / f".{name}.tmp"
        temporary.write_text(record.to_json())
        temporary.replace(self.records / f"{name}.json")
