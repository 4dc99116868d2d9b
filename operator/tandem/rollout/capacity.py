"""How much weight ready pods can carry, and how many pods a weight needs."""

from math import ceil


def pods_for(weight: int, size: int) -> int:
    """Return how many ready pods a share of ``weight`` percent needs where ``size`` pods carry everything."""
    return ceil(weight * size / 100) if weight > 0 else 0


def carried_weight(ready: int, size: int) -> int:
    """Return the largest weight (0 to 100) that ``ready`` pods may get where ``size`` pods carry everything."""
    if ready <= 0:
        return 0
    return min(100, ready * 100 // max(size, 1))
