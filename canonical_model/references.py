"""References: how a record of one system is named, before the hub gives it an id."""

import msgspec


class Ref(msgspec.Struct, frozen=True, gc=False):
    """A record as its own system names it.

    Attributes:
        system: name of the system in the landscape (`erp`).
        kind: the canonical entity it is (`Product`), so that one id may stand for two things.
        id: the source's own id, raw: cleaning must never move an id.
    """

    system: str
    kind: str
    id: str
