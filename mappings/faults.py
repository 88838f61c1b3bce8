"""Why a record could not be mapped, or a document not rendered."""

from collections.abc import Sequence

from canonical_model.errors import HubError, MappingError, RejectRecord


class Kept(Exception):
    """A converter's value stands, but something about it is worth a note.

    Attributes:
        value: what the field becomes.
        reason: the note.
    """

    def __init__(self, value: object, reason: str) -> None:
        super().__init__(value, reason)
        self.value = value
        self.reason = reason


class LeftOut(Exception):
    """One row of a list says nothing (1C: `-999 999 999,9` means no value); the reason becomes a note."""


class Unmapped(MappingError):
    """A record has fields that its mapping neither maps nor ignores by name.

    Attributes:
        unmapped: their paths.
    """

    def __init__(self, record: str, unmapped: Sequence[str]) -> None:
        self.unmapped = tuple(unmapped)
        listed = ", ".join(self.unmapped)
        super().__init__(f"record {record}: fields nobody decided about: {listed}; map them or ignore them by name")


class Waiting(HubError):
    """A document refers to another that the target does not know yet.

    Attributes:
        document: the target document kind it waits for.
        hub_id: which one.
    """

    def __init__(self, document: str, hub_id: int) -> None:
        super().__init__(document, hub_id)
        self.document = document
        self.hub_id = hub_id

    def __str__(self) -> str:
        """A sentence for people."""
        return f"waits for {self.document} {self.hub_id}"


class NotPublishable(RejectRecord):
    """A document that this channel cannot show; the reason is a true sentence."""


def misread(record: str, field: str, value: object, why: object) -> MappingError:
    """Say which record, field and value a converter refused, and what it allows."""
    shown = str(value)
    if len(shown) > 80:
        shown = shown[:77] + "…"
    return MappingError(f"record {record}: {shown!r}: {why}", field)
