"""The data: 442 people with diabetes, as shipped with scikit-learn, in the units they were measured in.

Ten things known of each, and how far the disease had gone a year later (25 to 346; its unit is not documented).
"""

from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from bentos.diabetes.people import FEATURES, People

HELD_OUT_PEOPLE = 150


def load() -> tuple[People, People]:
    """Return the people to train on and the 150 held-out ones, split once and for all, each sex in proportion."""
    features, progression = load_diabetes(return_X_y=True, scaled=False)
    sex = features[:, FEATURES.index("sex")]
    train_features, held_features, train_progression, held_progression = train_test_split(
        features, progression, test_size=HELD_OUT_PEOPLE, stratify=sex, random_state=0
    )
    return People(train_features, train_progression), People(held_features, held_progression)
