"""What can be made to go wrong, by request: which answer, for which addresses, how often."""

import random
import time
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = ("401", "429", "500", "html", "drop", "timeout", "delay")


@dataclass(slots=True)
class Fault:
    """One switch.

    `timeout` and `delay` act after the effect was committed: the first never answers (for `seconds`), the
    second answers late. `skip` requests pass first, then `times` are hit (0: all); `share` (0…1) hits that
    part of them at random.
    """

    kind: str
    path: str = "/"
    method: str = ""
    skip: int = 0
    times: int = 1
    share: float = 1.0
    seconds: float = 0.0
    retry_after: int = 1
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            message = f"fault kind {self.kind!r} is not one of {', '.join(KINDS)}"
            raise ValueError(message)

    def strikes(self, method: str, path: str, draw: random.Random) -> bool:
        """Whether this request is hit."""
        if not path.startswith(self.path) or self.method not in ("", method):
            return False
        if self.times and self.fired >= self.times:
            return False
        self.seen += 1
        if self.seen <= self.skip or draw.random() >= self.share:
            return False
        self.fired += 1
        return True


@dataclass(slots=True)
class Faults:
    """All switches, the delay of every answer (ms) and the rate limit (requests a second, 0: none)."""

    switches: list[Fault] = field(default_factory=list)
    delay_ms: int = 0
    rate_limit: int = 0
    seed: int = 1
    draw: random.Random = field(default_factory=lambda: random.Random(1))
    tokens: float = 0.0
    filled: float = 0.0

    def set(self, given: dict[str, Any]) -> None:
        """Take over the given settings; `faults` replaces the list of switches.

        Raises:
            ValueError: an unknown kind of fault.
            TypeError: an unknown field of a fault.
        """
        if "faults" in given:
            self.switches = [Fault(**entry) for entry in given["faults"]]
        self.delay_ms = int(given.get("delay_ms", self.delay_ms))
        if "rate_limit" in given:
            self.rate_limit = int(given["rate_limit"])
            self.tokens, self.filled = float(self.rate_limit), time.monotonic()
        if "seed" in given:
            self.seed = int(given["seed"])
            self.draw = random.Random(self.seed)

    def shown(self) -> dict[str, Any]:
        """The settings with how often each switch fired."""
        switches = [asdict(switch) for switch in self.switches]
        return {"faults": switches, "delay_ms": self.delay_ms, "rate_limit": self.rate_limit, "seed": self.seed}

    def pick(self, method: str, path: str) -> Fault | None:
        """The first switch that hits this request."""
        return next((switch for switch in self.switches if switch.strikes(method, path, self.draw)), None)

    def over_limit(self) -> bool:
        """Take a token from the bucket, which holds one second's worth; True when it is empty."""
        if not self.rate_limit:
            return False
        now = time.monotonic()
        self.tokens = min(self.rate_limit, self.tokens + (now - self.filled) * self.rate_limit)
        self.filled = now
        if self.tokens < 1:
            return True
        self.tokens -= 1
        return False
