"""The digits data set's held-out rows as requests: ``python -m dev.traffic.digits FILE``.

A process of its own, because the answers to expect come from training every version again: scikit-learn need not stay
in the load generator's memory.
"""

import json
import sys
from pathlib import Path

from bentos.digits.rows import held_out_rows
from dev.traffic.rows import DIGITS_PATH, Row, write


def rows() -> list[Row]:
    """Return the held-out scans with each version's answer."""
    return [
        Row(
            path=DIGITS_PATH,
            body=json.dumps({"pixels": row.pixels}, separators=(",", ":")).encode(),
            expected={v: None if label is None else {"label": label} for v, label in row.expected.items()},
        )
        for row in held_out_rows()
    ]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(rows(), Path(sys.argv[1]))
