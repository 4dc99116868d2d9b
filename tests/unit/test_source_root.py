"""operator/ shares its name with a module of the standard library and must never shadow it."""

import operator
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_operator_folder_is_no_package() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_the_standard_operator_module_is_the_one_imported() -> None:
    assert operator.itemgetter(1)("ab") == "b"


def test_the_repository_on_the_path_shadows_nothing() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import operator; print(operator.itemgetter(1)('ab'), operator.__file__)"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    answer, file = found.stdout.split()
    assert answer == "b"
    assert not Path(file).is_relative_to(ROOT)
