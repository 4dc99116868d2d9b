"""Shares as people read them."""


def percent(share: float) -> str:
    """Return a share in percent, to two digits: 0.371 is 37 %."""
    return "100 %" if share >= 0.995 else f"{100 * share:.2g} %"  # two digits of a hundred are 1e+02
