"""What ends the demo."""


class DemoFailed(Exception):
    """Something did not come about as it must; the message says what was expected and what is the case."""
