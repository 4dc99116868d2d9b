"""What can go wrong while a bento is measured."""


class ProfilingFailed(Exception):
    """It could not be measured. The message says what was being done and what to do next, and quotes no row."""


class NeverReady(ProfilingFailed):
    """It did not start. It had no request yet, so that its output may be shown."""
