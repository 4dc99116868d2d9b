"""A stand-in for a remote feature store that nobody had asked about its latency.

There is no such store here. It answers with the scanner's ink range, which is the same for every scan of this data
set, so that answers stay right, and it takes as long as a real one across regions might: it only waits, and costs no
CPU.
"""

import asyncio
import random

_SECONDS = (1.0, 1.5)


async def ink_range(generator: random.Random) -> tuple[float, float]:
    """Look up the least and most ink that the scanner gives, after 1 to 1.5 s."""
    await asyncio.sleep(generator.uniform(*_SECONDS))
    return 0.0, 16.0
