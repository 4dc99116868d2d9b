"""How much weight ready pods can carry, and how many pods a weight needs.

No pod of the candidate gets more requests than a pod of stable does: otherwise a candidate of the same speed would look
slower than stable, whose pods have less to do while they share the traffic (seen: 15 % of requests too slow at 50 % on
one pod of two, none on stable's two).
"""

from math import ceil


def pods_for(weight: int, size: int) -> int:
    """Return how many ready pods a share of ``weight`` percent needs beside ``size`` pods that get the rest."""
    if weight <= 0:
        return 0
    if weight >= 100:
        return size
    return min(size, ceil(weight * size / (100 - weight)))


def carried_weight(ready: int, size: int) -> int:
    """Return the largest weight (0 to 100) that ``ready`` pods may get beside ``size`` pods that get the rest."""
    if ready <= 0:
        return 0
    if ready >= size:
        return 100
    return 100 * ready // (size + ready)
