"""The interface between the engine and the connectors.

A connector is one folder under `connectors/`: `connector.yml`, `client.py`, `source.py`, `sink.py`, `receiver.py`.
It speaks one protocol, knows no other system, no canonical type and no Airflow. The engine finds it by its folder:

- `connectors.<name>.source` has `open_source(connection, options, pace) -> Source` and `cut` (module function, pure);
- `connectors.<name>.sink` has `open_sink(connection, options, pace) -> Sink`.

`options` is what the landscape says of the system, read-only. A connector raises `ConfigError` (credentials, settings)
and `RetryLater` (the other side is not ready); whatever concerns one letter is an Outcome, never an exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal, Protocol

import msgspec


@dataclass(frozen=True)
class Connection:
    """Where and as whom: what an Airflow connection holds. Secrets never appear in `repr`."""

    id: str
    type: str = ""
    host: str = ""
    port: int | None = None
    schema: str = ""
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass
class Blob:
    """One answer or one file, as received; the engine copies its body to the landing store.

    Attributes:
        stream: name of the stream in `connector.yml`.
        name: file name, or a name for the answer; unique within its package.
        media: `application/xml`, `application/json` …
        body: bytes as received; read once.
        cursor: where the next pull starts once this blob is durable.
        package: blobs of one package merge together.
        last: the package or listing ends here.
        snapshot: full, not changes only: only then may deletions be inferred.
        receipt: what `acknowledge` needs (remote file name, queue id, session).
    """

    stream: str
    name: str
    media: str
    body: BinaryIO
    cursor: str | None = None
    package: str | None = None
    last: bool = True
    snapshot: bool = False
    receipt: str | None = None


class Raw(msgspec.Struct, frozen=True, gc=False):
    """One source record, cut out of a landed blob.

    Attributes:
        kind: the source's own name: `Товар`, `Предложение`, `product`.
        id: the source's own id, raw.
        body: the bytes of the record alone.
        at: offset of the record in the (decoded, unpacked) blob, for messages.
        gone: the source itself marks it as deleted.
        part: which part of the record this is, where one record is spread over several files (CommerceML 3.1:
            "" for goods and offers, `prices`, `rests`); kind, part and id together are unique in a package.
    """

    kind: str
    id: str
    body: bytes
    at: int = 0
    gone: bool = False
    part: str = ""


class Letter(msgspec.Struct, frozen=True):
    """One document (state) or one effect for one target, rendered.

    Attributes:
        id: the engine's handle; comes back in the Outcome.
        kind: document kind of the target: `product`, `variation`, `category`, `offer`.
        op: create, update, remove (as the landscape's `gone` rule says), act (effects).
        key: own number or idempotency key, searchable at the target, the same for ever.
        payload: what the target's mapping rendered.
        target_id: the target's id, once known.
        parent_id: the target's id of the parent document (product of a variation).
        ticket: what the target gave for asking again (`Accepted`).
    """

    id: int
    kind: str
    op: Literal["create", "update", "remove", "act"]
    key: str
    payload: Any
    target_id: str | None = None
    parent_id: str | None = None
    ticket: str | None = None


class Done(msgspec.Struct, frozen=True):
    """The target holds it. `duplicate`: it held it already. `facts`: what the answer told besides."""

    letter: Letter
    target_id: str | None = None
    duplicate: bool = False
    facts: dict[str, Any] = {}


class Accepted(msgspec.Struct, frozen=True):
    """The target will answer later: ask with `ticket` after so many seconds."""

    letter: Letter
    ticket: str
    ask_after_s: float = 5.0


class Refused(msgspec.Struct, frozen=True):
    """The target understood and said no; sending the same again cannot help."""

    letter: Letter
    reason: str
    field: str | None = None


class Unknown(msgspec.Struct, frozen=True):
    """Bytes may have arrived, no answer came: ask before it is repeated."""

    letter: Letter
    why: str


class Absent(msgspec.Struct, frozen=True):
    """Proven not to be at the target."""

    letter: Letter


class RetryAt(msgspec.Struct, frozen=True):
    """Surely not taken; try again after so many seconds."""

    letter: Letter
    after_s: float
    why: str


Outcome = Done | Accepted | Refused | Unknown | Absent | RetryAt


class Pace(Protocol):
    """One bucket a connection, shared by all processes; given by the engine."""

    def take(self, cost: int = 1) -> None:
        """Wait until `cost` requests may be sent."""

    def slow_down(self, until_s: float) -> None:
        """The target said 429: everybody waits so many seconds."""


class Source(Protocol):
    """Where records come from."""

    def check(self) -> str:
        """Reach the system and say in one sentence what was found; raises ConfigError or RetryLater."""

    def pull(self, stream: str, since: str | None) -> Iterator[Blob]:
        """Yield blobs in order; a blob that is half written at the source is left alone."""

    def cut(self, stream: str, body: BinaryIO, media: str) -> Iterator[Raw]:
        """Cut a landed blob into records. Pure: needs no connection. Raises RejectRecord for a broken file."""

    def acknowledge(self, stream: str, receipts: Iterable[str]) -> None:
        """Tell the source that these are safe with us; called after our commit; safe twice."""

    def close(self) -> None:
        """Let go of connections; whoever opened the source calls it, whatever happened; safe twice."""


class Sink(Protocol):
    """Where documents go."""

    def check(self) -> str:
        """Reach the system and say in one sentence what was found; raises ConfigError or RetryLater."""

    def push(self, kind: str, letters: Iterable[Letter]) -> Iterator[Outcome]:
        """Send letters of one document kind; yield one outcome a letter, in any order."""

    def ask(self, kind: str, letters: Iterable[Letter]) -> Iterator[Outcome]:
        """Poll a ticket, or find a letter by its own key: Done, Absent or Unknown."""

    def read(self, kind: str, target_ids: Iterable[str] | None) -> Iterator[Blob]:
        """Read documents back for the proof (None = all); the blobs are cut by `Source.cut` or module `cut`."""

    def close(self) -> None:
        """Let go of connections; whoever opened the sink calls it, whatever happened; safe twice."""
