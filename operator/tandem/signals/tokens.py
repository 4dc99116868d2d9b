"""Bearer tokens for Prometheus servers that want one, from a file that whoever runs the operator gives it.

The operator reads no Secrets: one is mounted, and is read again when it has changed. Neither a token nor a line of the
file is ever told: not in a log, not in a message.
"""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import yaml

log = logging.getLogger(__name__)

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What may stand in a header after Bearer (RFC 6750)."""

LARGEST_FILE: Final = 1024 * 1024


class Tokens(Protocol):
    """Whoever knows tokens."""

    def token(self, address: str) -> str | None:
        """Return the token for exactly this address, if there is one."""
        ...


class NoTokens:
    """Knows none."""

    def token(self, address: str) -> str | None:
        """Return None."""
        del address
        return None


class TokenFile:
    """A YAML file with a token by address; while it cannot be read, what was read last counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._complaint = ""
        self._tokens: Mapping[str, str] = {}

    def token(self, address: str) -> str | None:
        """Return the token for exactly this address, by the file as it is now."""
        self._read_if_changed()
        return self._tokens.get(address.rstrip("/"))

    def _read_if_changed(self) -> None:
        seen = self._seen
        try:
            stat = self._path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen == self._seen:
                return
            if stat.st_size > LARGEST_FILE:
                raise _Unfit(f"it has more than {LARGEST_FILE // 1024} KiB")
            tokens = _parsed(self._path.read_bytes())
        except OSError as error:
            self._complain(error.strerror or type(error).__name__)
        except _Unfit as error:
            self._seen = seen
            self._complain(str(error))
        else:
            self._seen, self._tokens, self._complaint = seen, tokens, ""
            log.info("read %d tokens for Prometheus servers from %s", len(tokens), self._path)

    def _complain(self, why: str) -> None:
        if why != self._complaint:
            log.warning("tokens in %s cannot be read: %s; those that were read before count on", self._path, why)
        self._complaint = why


class _Unfit(Exception):
    """The file is not what it should be. The message says why, and nothing of what it holds."""


def _parsed(content: bytes) -> dict[str, str]:
    try:
        found = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)  # the error's own words quote the line
        raise _Unfit(f"it is not YAML{f' (line {mark.line + 1})' if mark is not None else ''}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _Unfit("it is no mapping from address to token, such as 'https://prometheus.example.com: eyJh...'")
    for number, (address, token) in enumerate(found.items(), start=1):
        if not isinstance(address, str) or not re.match(r"https?://", address):
            raise _Unfit(f"entry {number} is for no address, such as https://prometheus.example.com")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token.strip()):
            raise _Unfit(f"entry {number} is no bearer token: one has letters, digits and -._~+/= only")
    return {address.rstrip("/"): token.strip() for address, token in found.items()}
