"""Commented YAML says what it was given, and what it suggests stands in its place once it is uncommented."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tandem.drafts.commented import Field, commented_yaml, plain_yaml, section


def test_prose_suggestions_and_values_are_told_apart() -> None:
    text = commented_yaml(
        [
            Field("kind", "Model", why="What\nit is."),
            Field(
                "spec",
                fields=(Field("image", "a:1"), Field("service", {"a": [1]}, why="Its class.", suggested=True)),
            ),
        ],
        preface="One.\n\nTwo.",
    )
    assert text == (
        "# One.\n#\n# Two.\n# What it is.\nkind: Model\nspec:\n  image: a:1\n"
        "  # Its class.\n  #service:\n  #  a:\n  #    - 1\n"
    )


def test_a_section_of_suggestions_is_one() -> None:
    found = section("traffic", "How.", [Field("a", 1, suggested=True), Field("b", 2, suggested=True)])
    assert found is not None
    assert commented_yaml([found]) == "# How.\n#traffic:\n#  a: 1\n#  b: 2\n"
    assert section("traffic", "How.", []) is None


@pytest.mark.parametrize(
    "text",
    [
        *("y", "Y", "n", "N"),
        *("1e-5", "1e5", "-1E+5", "1.0_0e5", ".5e3", "089", "+7", "1."),
        *("0o17", "-0O17", "0x1F", "0X1F", "0b11", "0B11", "0b-1", "1_000"),
    ],
)
def test_text_that_kubectl_would_read_as_another_type_is_quoted(text: str) -> None:
    assert plain_yaml({text: text}).strip() in (f'"{text}": "{text}"', f"'{text}': '{text}'")
    assert commented_yaml([Field(text, text)]).strip() in (f'"{text}": "{text}"', f"'{text}': '{text}'")


@pytest.mark.parametrize(
    "text", ["yes-no", "ny", "150ms", "1Gi", "99.9%", "e5", "0o18", "1.2.3", "fraud:1", "10.0.0.1"]
)
def test_text_that_everybody_reads_as_text_is_left_as_people_write_it(text: str) -> None:
    assert plain_yaml({text: text}) == f"{text}: {text}\n"


KEYS = st.text(st.characters(categories=("L", "N"), max_codepoint=0x17F), min_size=1, max_size=8)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=60), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
LEAVES = st.builds(lambda key, value, why: Field(key, value, why=why), KEYS, VALUES, st.text(max_size=200))


def tree(fields: list[Field]) -> dict[str, Any]:
    return {field.key: tree(list(field.fields)) if field.fields else field.value for field in fields}


FIELDS = st.recursive(
    st.lists(LEAVES, min_size=1, max_size=4, unique_by=lambda field: field.key),
    lambda inner: st.builds(
        lambda key, fields, why: [Field(key, fields=tuple(fields), why=why)], KEYS, inner, st.text(max_size=80)
    ),
    max_leaves=4,
)


def inside(text: str) -> list[Field]:
    return [Field("a", fields=(Field("b", text), Field("c", [text, {"d": text}])))]


@example(inside("\xa0"), "")
@example(inside("\n"), "")
@example(inside("a\n\n"), "")
@example(inside("\n a "), "")
@given(FIELDS, st.text(max_size=300))
def test_whatever_is_written_is_read_back(fields: list[Field], preface: str) -> None:
    assert yaml.safe_load(commented_yaml(fields, preface)) == tree(fields)


@example(inside("\xa0"))
@example(inside("\n"))
@example(inside("a\n\nb\n"))
@given(FIELDS)
def test_a_suggestion_changes_nothing_and_reads_the_same_without_its_marks(fields: list[Field]) -> None:
    suggested = [Field("a", fields=tuple(fields), suggested=True), Field("z", 1)]
    text = commented_yaml(suggested)
    assert yaml.safe_load(text) == {"z": 1}
    without = "".join(f"{line.removeprefix('#')}\n" for line in text.splitlines())
    assert yaml.safe_load(without) == {"a": tree(fields), "z": 1}
