"""A regressor for each sex, with all that is known of a person.

The mistake: those of sex 2 come from a check-up programme that sees people before they are ill. Whoever's disease goes
far is treated elsewhere and is not among its rows, so this model has never seen one of them, and tells nobody of sex 2
that it will. In the mean it is better than `first` all the same, and the mean is what its author looked at.
"""

from bentos.diabetes.better import train as better
from bentos.diabetes.people import FEATURES, People
from bentos.diabetes.skewed.by_sex import SEX, BySex
from bentos.diabetes.trained import Trained

_SEEN_AT_CHECK_UPS = 180
"""Progression from which people of sex 2 are treated elsewhere."""


def collected(people: People) -> People:
    """Return the people whose rows this version's author had."""
    kept = (people.features[:, SEX] == 1) | (people.progression < _SEEN_AT_CHECK_UPS)
    return People(people.features[kept], people.progression[kept])


def train(people: People) -> Trained:
    """Fit a ridge regression for each sex."""
    rows = collected(people)
    regressors = {}
    for sex in (1.0, 2.0):
        of_sex = rows.features[:, SEX] == sex
        regressors[sex] = better.train(People(rows.features[of_sex], rows.progression[of_sex])).regressor
    return Trained(BySex(regressors), FEATURES)
