"""Numbers as people read them."""


def duration(seconds: float) -> str:
    """Return seconds in the unit that fits them, with three digits."""
    if seconds < 1.0:
        return f"{1000 * seconds:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120.0 else f"{seconds / 60:.3g} min"


def mebibytes(amount: float) -> str:
    """Return bytes in MiB."""
    return f"{amount / 2**20:.0f} MiB"
