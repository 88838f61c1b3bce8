"""Named places at which a test may end the process, as a power cut would. No effect unless `HUB_FAILPOINT` is set.

`HUB_FAILPOINT=deliver:after_claim:3` ends the process with SIGKILL at the third time that it gets there;
`HUB_FAILPOINT=*:17` at the seventeenth failpoint of any name.
"""

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


def reach(name: str) -> None:
    """Pass the failpoint `name`, or end here."""
    wanted = os.environ.get("HUB_FAILPOINT")
    if not wanted:
        return
    _passed[name] += 1
    _passed["*"] += 1
    place, _, nth = wanted.rpartition(":")
    if place in (name, "*") and _passed[place] == int(nth):
        os.kill(os.getpid(), signal.SIGKILL)
