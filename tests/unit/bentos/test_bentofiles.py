"""What bentoml is told about each version agrees with what the version is, and with what it was tested with."""

import re
from pathlib import Path

import pytest
import yaml

from dev.images.bentos import BentoVersion, bento_versions

ROOT = Path(__file__).parents[3]


def pins(path: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def test_the_bentos_run_on_the_packages_that_the_models_were_trained_and_tested_with() -> None:
    development = pins(ROOT / "requirements-dev.txt")
    bentos = pins(ROOT / "bentos/requirements.txt")
    assert {"bentoml", "scikit-learn", "numpy"} <= {name for name, _ in bentos}
    assert bentos <= development


def test_no_requirement_names_an_index_or_lacks_a_hash() -> None:
    text = (ROOT / "bentos/requirements.txt").read_text()
    assert "://" not in text
    assert "--index" not in text
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in requirement


def test_all_versions_are_found() -> None:
    assert [version.image for version in bento_versions()] == [
        "tandem.local/diabetes:better",
        "tandem.local/diabetes:clipped",
        "tandem.local/diabetes:first",
        "tandem.local/diabetes:renamed",
        "tandem.local/diabetes:skewed",
        "tandem.local/diabetes:undefined",
        "tandem.local/diabetes:unsteady",
        "tandem.local/digits:better",
        "tandem.local/digits:failing",
        "tandem.local/digits:first",
        "tandem.local/digits:leaking",
        "tandem.local/digits:never-ready",
        "tandem.local/digits:slow",
        "tandem.local/digits:tallying",
    ]


@pytest.mark.parametrize("version", bento_versions(), ids=lambda version: version.tag)
def test_a_bentofile_builds_its_own_folder_s_service_and_model(version: BentoVersion) -> None:
    folder = version.bentofile.parent
    content = yaml.safe_load(version.bentofile.read_text())
    module = ".".join(folder.relative_to(ROOT).parts)
    assert content["name"] == version.bento
    assert content["service"] == f"{module}.service:{version.bento.capitalize()}"
    assert content["python"]["lock_packages"] is False
    assert f'BentoModel("{version.tag}")' in (folder / "service.py").read_text()


@pytest.mark.parametrize("version", bento_versions(), ids=lambda version: version.tag)
def test_a_bento_has_the_modules_that_its_service_imports(version: BentoVersion) -> None:
    included = {
        path.relative_to(ROOT).as_posix()
        for pattern in yaml.safe_load(version.bentofile.read_text())["include"]
        for path in ROOT.glob(pattern)
    }
    pending = [f"bentos/{version.bento}/{version.version.replace('-', '_')}/service.py"]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        assert name in included
        seen.add(name)
        text = (ROOT / name).read_text()
        modules = re.findall(r"^from (bentos\S*) import (\w+)", text, flags=re.MULTILINE)
        for package, symbol in modules:
            path = package.replace(".", "/")
            candidates = [f"{path}/{symbol}.py", f"{path}.py", f"{path}/__init__.py"]
            found = next(candidate for candidate in candidates if (ROOT / candidate).is_file())
            if found not in seen:
                pending.append(found)


@pytest.mark.parametrize("version", bento_versions(), ids=lambda version: version.tag)
def test_what_a_bento_is_to_bring_is_there(version: BentoVersion) -> None:
    """bentoml says nothing of a pattern that matches no file: edge cases would be missing in the image only."""
    patterns = yaml.safe_load(version.bentofile.read_text())["include"]
    assert [pattern for pattern in patterns if not any(ROOT.glob(pattern))] == []
