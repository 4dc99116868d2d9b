"""A tool that fails is quoted; one that is missing is named."""

import sys

import pytest

from dev.images.command import ImageBuildError, run


def test_output_is_returned_and_seen_line_by_line() -> None:
    seen: list[str] = []
    output = run([sys.executable, "-c", "print('one'); print('two')"], doing="printing", on_line=seen.append)
    assert output == "one\ntwo\n"
    assert seen == ["one", "two"]


def test_a_failure_names_the_step_and_quotes_the_last_lines() -> None:
    program = "import sys; print('all the detail'); sys.exit(3)"
    with pytest.raises(ImageBuildError, match=r"(?s)packing: .* ended with 3.*all the detail"):
        run([sys.executable, "-c", program], doing="packing")


def test_a_missing_tool_is_named_with_what_to_install() -> None:
    with pytest.raises(ImageBuildError, match="apt-get install no-such-tool"):
        run(["no-such-tool"], doing="packing")
