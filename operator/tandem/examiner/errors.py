"""What keeps an examination from its end, none of it the version's fault: no verdict comes of it."""


class Unfinished(Exception):
    """The questions could not all be asked; the message says why, and what to do."""
