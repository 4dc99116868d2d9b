"""How a build tells what it is doing."""

from collections.abc import Callable

Report = Callable[[str, str], None]
"""Called with the image's name and one line on what is being done to it now."""


def quiet(_image: str, _doing: str) -> None:
    """Report nothing."""
