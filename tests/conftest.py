"""For all tests: what they are started from must not change what they see."""

import signal

# A shell starts what it puts into the background with SIGINT ignored, and children inherit that: a command that a test
# interrupts would not hear of it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
