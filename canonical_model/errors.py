"""Errors say what happens next, not where they came from.

HubError
├── ConfigError            a person must change a setting; no retry
├── RetryLater(after)      the world was not ready; ask again after so many seconds
├── RejectRecord           one record cannot go on; it is parked, the rest goes on
│   ├── MappingError       its meaning is not clear (record, field, value, what was allowed)
│   └── Refused            the target understood it and said no
├── StopRun                nothing more may leave in this run; a person decides
│   ├── GuardTripped       a bound of canonical_model/expectations was crossed
│   └── ProofFailed        what was read back is not what was sent
└── Fenced                 a newer try of this work has started; this one must write nothing
"""


class HubError(Exception):
    """Root of every error that the hub raises on purpose."""


class ConfigError(HubError):
    """A setting, credential or mapping file is wrong; retrying cannot help."""


class RetryLater(HubError):
    """The other side was not ready.

    Attributes:
        after: seconds to wait before the next try.
    """

    def __init__(self, message: str, after: float = 30.0) -> None:
        super().__init__(message, after)
        self.message = message
        self.after = after

    def __str__(self) -> str:
        """The sentence for people, without the number of seconds."""
        return self.message


class RejectRecord(HubError):
    """One record cannot go on.

    Attributes:
        reason: a sentence an operator can act on; contains no personal data.
        field: path of the field it is about, or None.
    """

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason, field)
        self.reason = reason
        self.field = field

    def __str__(self) -> str:
        """`field: reason`, or the reason alone."""
        return f"{self.field}: {self.reason}" if self.field else self.reason


class MappingError(RejectRecord):
    """A source record whose meaning is not clear.

    Attributes:
        unmapped: paths of its fields that the mapping neither maps nor ignores by name; mostly empty.
    """

    unmapped: tuple[str, ...] = ()


class Refused(RejectRecord):
    """A document that the target refused."""


class StopRun(HubError):
    """Nothing more may leave in this run."""


class GuardTripped(StopRun):
    """A bound was crossed; the batch is held until a person decides."""


class ProofFailed(StopRun):
    """What was read back differs from what was sent."""


class Fenced(HubError):
    """A newer try holds the fence; this one has written nothing and must stop."""
