"""The 28 tests of the ML Test Score (Breck et al., 2017), and what the checks say to each. No more is claimed."""

from dataclasses import dataclass
from typing import Final, Literal

Means = Literal["checked", "evidence", "person"]
"""checked: a check, or the rollout itself, looks at it. evidence: it happens outside of what Tandem sees, and leaves
something that can be shown. person: a machine cannot tell."""


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """One of the 28 tests."""

    name: str
    means: Means
    says: str


TESTS: Final[dict[str, tuple[ScoreTest, ...]]] = {
    "Features and data": (
        ScoreTest("Feature expectations are captured in a schema", "checked", "TDM018, of requests only"),
        ScoreTest("All features are beneficial", "evidence", "an ablation by the training pipeline"),
        ScoreTest("No feature's cost is too much", "evidence", "TDM011, TDM013 and TDM015 see their sum only"),
        ScoreTest("Features adhere to meta-level requirements", "person", "what may be used is a rule of people"),
        ScoreTest("The data pipeline has appropriate privacy controls", "evidence", "TDM026 finds secrets, not rows"),
        ScoreTest("New features can be added quickly", "person", "a matter of how teams work"),
        ScoreTest("All input feature code is tested", "evidence", "the test report of the pipeline"),
    ),
    "Model development": (
        ScoreTest("Model specs are reviewed and submitted", "evidence", "the review in Git; see TDM030"),
        ScoreTest("Offline and online metrics correlate", "evidence", "an experiment"),
        ScoreTest("All hyperparameters have been tuned", "evidence", "the record of the training"),
        ScoreTest("The impact of model staleness is known", "evidence", "TDM031 holds to an age that people chose"),
        ScoreTest("A simpler model is not better", "evidence", "the comparison with a baseline"),
        ScoreTest(
            "Model quality is sufficient on important data slices",
            "checked",
            "TDM021, and spec.quality.slices before any request, on the rows that its owners name",
        ),
        ScoreTest("The model is tested for considerations of inclusion", "person", "whom it may harm, people say"),
    ),
    "Infrastructure": (
        ScoreTest("Training is reproducible", "evidence", "two trainings compared"),
        ScoreTest("Model specs are unit tested", "evidence", "the test report of the model's code"),
        ScoreTest("The ML pipeline is integration tested", "evidence", "the test report of the pipeline"),
        ScoreTest(
            "Model quality is validated before serving",
            "checked",
            "TDM019, and spec.quality before any request; on held-out data only if its owners name such",
        ),
        ScoreTest("The model allows debugging of single examples", "person", "a matter of the model's code"),
        ScoreTest("Models are tested via a canary before production serving", "checked", "the rollout; TDM025"),
        ScoreTest("Models can be quickly and safely rolled back", "checked", "TDM023, TDM024, TDM033"),
    ),
    "Monitoring": (
        ScoreTest("Dependency changes result in notification", "evidence", "notices of registry and data owners"),
        ScoreTest("Data invariants hold in training and serving inputs", "evidence", "a monitor of both"),
        ScoreTest("Training and serving features compute the same values", "evidence", "logged features compared"),
        ScoreTest("Models are not too stale", "checked", "TDM031"),
        ScoreTest(
            "The model is numerically stable", "checked", "spec.quality: NaN or infinity in an answer refuses it"
        ),
        ScoreTest(
            "No dramatic or slow-leak regressions in speed or memory",
            "checked",
            "TDM011, TDM013, TDM015 against the profile; speed by the rollout. Slow leaks after it are not",
        ),
        ScoreTest("No regression in prediction quality on served data", "evidence", "labels that come later; TDM022"),
    ),
}

WORDS: Final[dict[Means, str]] = {
    "checked": "checked",
    "evidence": "needs evidence from outside",
    "person": "no machine can tell",
}
