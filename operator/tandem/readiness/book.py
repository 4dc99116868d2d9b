"""docs/readiness.md as text, from the checks themselves."""

from collections.abc import Iterator
from typing import Final

from tandem.readiness.catalogue import CHECKS
from tandem.readiness.checks import Check
from tandem.readiness.ml_test_score import TESTS, WORDS

SIDES: Final = {"DataScience": "data science", "Engineering": "engineering", "Both": "both"}

INTRODUCTION: Final = """\
<!-- Written by `python -m tandem.cli.readiness_docs` from operator/tandem/readiness; change it there. -->

# Readiness for production

What a model needs in production is asked before it is there: by `tandem lint` on files, and by the operator on what
is applied (`status.readiness`, the condition `OperationallyReady`). Both run the same checks. What the API server can
see by itself, `kubectl apply` warns of at once (the chart's `admissionWarnings`). None of them holds up anything that
runs, and none asks before the first deployment for what only a running model can show.

    tandem lint model.yaml                          # each finding with its line, why it matters, and the fix
    tandem lint model.yaml --against main           # also what was weakened together with a new image
    tandem lint model.yaml --against cluster        # the same, compared with what serves
    kustomize build . | tandem lint -o sarif -      # for code review; also -o json
    tandem lint model.yaml -o stories               # items for the backlog: side, and when it is done

**How hard.** `spec.tier` decides: at `Experiment` an image and one owner are enough, and findings are about what
contradicts itself; `Standard` asks for what production needs; `Critical` insists. `--tier` checks as if it were
another. TDM002 and TDM007 are errors of an experiment only where the API server refuses the object.

**Outcomes.** `Pass`; `Fail`; `Unknown`, where it cannot be found out: never counted as a pass, and told once where
several checks miss the same thing; `NotApplicable`. There is no score: ten small things in order do not make up for
a secret in Git.

**Exit codes** of `tandem lint`: 0, nothing of the severity of `--fail-on` (`error` by default, `warning`, `info`);
1, something of it fails or is unknown; 2, wrong usage, or a file that is not in order.

**JSON** (`-o json`): `format` 1, and `models`, each with `file`, `line`, `name`, `tier`, `problems` (what the API
server would refuse: `line`, `field`, `message`) and `checks` (`check`, `outcome`, `title`, `message`; where it does
not pass also `severity`, `side`, `line`, `why`, `fix`, `because`, `waivedUntil`).

**Profile.** Checks of pods, memory and start-up need what `tandem profile` measured. Give its file too, or have it
beside the model's as `<spec.profile>.yaml`.

**Waivers.** What cannot be done yet is put off beside the model, with a reason and a last day; once that has
passed, the waiver is a finding of its own:

    waivers: [{check: TDM012, reason: the second GPU comes in March, until: 2027-03-31}]
"""


def book() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *_table(), *(line for check in CHECKS for line in _chapter(check)), *_score()])


def _table() -> Iterator[str]:
    yield "## All checks"
    yield ""
    yield "| id | true of a model that passes | side | Experiment | Standard | Critical |"
    yield "|---|---|---|---|---|---|"
    for check in CHECKS:
        asked, levels = check.question, check.question.levels
        weights = " | ".join(level or "-" for level in (levels.experiment, levels.standard, levels.critical))
        yield f"| [{asked.id}](#{asked.id.lower()}) | {asked.title} | {SIDES[asked.side]} | {weights} |"
    yield ""


def _chapter(check: Check) -> Iterator[str]:
    asked = check.question
    yield f"### {asked.id}"
    yield ""
    yield f"**{asked.title}.** {asked.why}"
    yield ""
    yield f"Fix: {asked.fix}"
    yield ""
    if asked.snippet:
        yield from (f"    {line}" for line in asked.snippet.splitlines())
        yield ""
    yield f"Done when: {asked.accept}"
    yield ""


def _score() -> Iterator[str]:
    yield "## The ML Test Score"
    yield ""
    yield "The 28 tests of Breck et al., *The ML Test Score: A Rubric for ML Production Readiness* (2017), and what"
    yield "Tandem has to say to each. A model that passes all checks above has passed what is marked as checked, and"
    yield "nothing else."
    for part, tests in TESTS.items():
        yield ""
        yield f"| {part} | | |"
        yield "|---|---|---|"
        for test in tests:
            yield f"| {test.name} | {WORDS[test.means]} | {test.says} |"
    yield ""
