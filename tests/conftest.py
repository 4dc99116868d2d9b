"""For all tests: what they are started from, and the luck of the day, must not change what they see."""

import os
import signal

from hypothesis import settings

# A shell starts what it puts into the background with SIGINT ignored, and children inherit that: a command that a test
# interrupts would not hear of it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Whoever changes one thing is not told of a mistake in another that chance happened to find just then: examples are the
# same in every run, and others by night (TANDEM_WALKS=deep). How long one takes is the machine's business.
settings.register_profile("the same", deadline=None, derandomize=True)
settings.register_profile("others", deadline=None, max_examples=1000)
settings.load_profile("others" if os.environ.get("TANDEM_WALKS") == "deep" else "the same")
