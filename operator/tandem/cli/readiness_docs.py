"""Writes docs/readiness.md from the checks: ``python -m tandem.cli.readiness_docs [--check]``."""

import sys
from pathlib import Path
from typing import Final

from tandem.readiness.book import book

PAGE: Final = Path("docs/readiness.md")


def main() -> int:
    """Write the page, or with ``--check`` say whether it is up to date."""
    text = book()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{PAGE} is not what the checks say: run make readiness-docs\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
