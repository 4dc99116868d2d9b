"""What people read first must not be wrong: links lead somewhere, targets of make and verbs exist."""

import re
from pathlib import Path
from typing import get_args

import pytest

from tandem.api.revision import Verb

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("**/*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    files = [link.split("#")[0] for link in links if not re.match(r"https?:|#", link)]
    assert [link for link in files if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_targets_of_make_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z0-9-]+)", document.read_text(), re.MULTILINE))
    assert named <= targets


def test_every_verb_is_shown() -> None:
    shown = re.findall(r'"verb":"(\w+)"', (ROOT / "docs" / "concepts.md").read_text())
    assert sorted(shown) == sorted(get_args(Verb))
