"""Logging: one line per record, as JSON for machines or as text for people."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

_QUIET = ("aiohttp.access", "kopf.objects", "kopf.activities.probe", "httpx", "httpcore")


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logging(form: Literal["json", "text"], level: str = "INFO") -> None:
    """Log to standard error; of the libraries only what concerns whoever runs Tandem."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
