"""delta before parsing: what a stream's last batch held, as sorted arrays of key and digest.

An index is an immutable file named by its batch row: for each (record kind, part) the xxh3-64 of every source id,
sorted, and the xxh3-128 of the record's bytes beside it: 24 bytes a record, memory-mapped. It also keeps the reference
records that mappings resolve by id (the context), and under which context and mapping version it was made: a changed
context maps again. A quarantined record keeps its key with a null digest: still there, always "changed".
"""

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import xxhash

from hub.store.landing import LandingStore

U64 = npt.NDArray[np.uint64]
Key = tuple[str, str]
NULL_DIGEST = b"\0" * 16


def key_hash(source_id: str) -> int:
    """xxh3-64 of a source id, unsigned."""
    return xxhash.xxh3_64_intdigest(source_id.encode())


def signed_hash(source_id: str) -> int:
    """xxh3-64 of a source id as PostgreSQL's bigint reads it."""
    number = key_hash(source_id)
    return number - (1 << 64) if number >= 1 << 63 else number


def signed(hashes: Sequence[int]) -> list[int]:
    """The same 64 bits as PostgreSQL's bigint reads them."""
    return cast(list[int], np.array(hashes, dtype=np.uint64).view(np.int64).tolist())


class Section:
    """The records of one (kind, part) in an index."""

    def __init__(self, keys: U64, digests: U64, context: str = "", sets: tuple[str, ...] = (), main: str = "") -> None:
        self.keys, self.digests = keys, digests
        self.context, self.sets, self.main = context, sets, main
        self.seen = np.zeros(len(keys), dtype=bool)

    def unchanged(self, keys: U64, digests: U64) -> npt.NDArray[np.bool_]:
        """Mark keys as seen; returns which of them are here with the same digest."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=bool)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        here = self.keys[at] == keys
        self.seen[at[here]] = True
        return np.asarray(here & (self.digests[at] == digests).all(axis=1))

    def known(self, keys: U64) -> npt.NDArray[np.bool_]:
        """Which keys are here at all."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=bool)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.asarray(self.keys[at] == keys)

    def vanished(self) -> U64:
        """Keys that no batch since has shown."""
        return self.keys[~self.seen]


class Growing:
    """Keys and digests as they are read, before they are sorted."""

    def __init__(self) -> None:
        self.keys = array("Q")
        self.digests = bytearray()
        self.context = ""
        self.sets: tuple[str, ...] = ()
        self.main = ""

    def extend(self, keys: U64, digests: bytes | bytearray) -> None:
        """Append keys and their 16-byte digests."""
        self.keys.frombytes(keys.tobytes())
        self.digests += digests

    def repeated(self) -> set[int]:
        """Keys that stand here more than once with different digests."""
        keys, digests, order = self.sorted()
        same = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
        differ = (digests[order[same]] != digests[order[same + 1]]).any(axis=1)
        return set(keys[order[same[differ]]].tolist())

    def sorted(self) -> tuple[U64, U64, npt.NDArray[np.intp]]:
        """Return keys, digests (n × 2) and the order that sorts them; the first of equal keys first."""
        keys = np.frombuffer(self.keys, dtype=np.uint64) if len(self.keys) else np.zeros(0, np.uint64)
        digests = np.frombuffer(self.digests, dtype=np.uint64).reshape(-1, 2)
        return keys, digests, np.argsort(keys, kind="stable")


class Index:
    """A whole index: sections, and the context tables at the end of the batch."""

    def __init__(self, mapping_version: str = "", tables: dict[str, dict[str, Any]] | None = None) -> None:
        self.sections: dict[Key, Section] = {}
        self.mapping_version = mapping_version
        self.tables = tables or {}

    def section(self, key: Key) -> Section:
        """The section of a (kind, part); an empty one when the index has none."""
        empty = np.zeros(0, np.uint64)
        return self.sections.setdefault(key, Section(empty, empty.reshape(0, 2)))

    def digest(self, name: Key, key: int) -> bytes | None:
        """The digest of one record, or None when it is not here."""
        section = self.section(name)
        at = int(np.searchsorted(section.keys, np.uint64(key)))
        if at == len(section.keys) or section.keys[at] != np.uint64(key):
            return None
        return bytes(section.digests[at].tobytes())


def context_digest(tables: dict[str, dict[str, Any]], needs: Iterable[str]) -> str:
    """Digest of the context tables that a mapping resolves by id."""
    used = {name: tables.get(name, {}) for name in sorted(needs)}
    text = json.dumps(used, ensure_ascii=False, sort_keys=True, default=str)
    return xxhash.xxh3_128_hexdigest(text.encode())


def write_index(
    store: LandingStore,
    path: str,
    grown: dict[Key, Growing],
    base: Index | None,
    version: str,
    tables: dict[str, dict[str, Any]],
) -> None:
    """Write an index; with a `base` (changes-only batches) its records that were not seen again stay in it."""
    head: list[dict[str, Any]] = []
    arrays: list[U64] = []
    for name in list(grown) + ([k for k in base.sections if k not in grown] if base else []):
        keys, digests, about = _section(name, grown.get(name), base)
        arrays += [keys, digests]
        head.append({"kind": name[0], "part": name[1], "count": len(keys), **about})
    text = json.dumps(
        {"version": version, "tables": tables, "sections": head}, ensure_ascii=False, default=str
    ).encode()
    with store.create(path) as out:
        padding = -(len(text) + 8) % 16
        out.write((len(text) + padding).to_bytes(8, "little") + text + b" " * padding)
        for values in arrays:
            out.write(values.data.cast("B") if values.size else b"")


def _section(name: Key, grown: Growing | None, base: Index | None) -> tuple[U64, U64, dict[str, Any]]:
    old = base.sections.get(name) if base else None
    if grown is None:
        assert old is not None
        return old.keys, old.digests, {"context": old.context, "sets": old.sets, "main": old.main}
    facts = {"context": grown.context, "sets": grown.sets, "main": grown.main}
    keys, digests, order = grown.sorted()
    if len(order) and (keys[order[1:]] == keys[order[:-1]]).any():
        first = np.ones(len(order), dtype=bool)
        first[1:] = keys[order[1:]] != keys[order[:-1]]
        order = order[first]
    if old is None:
        return keys[order], digests[order], facts
    rest = ~old.seen
    keys, digests = np.concatenate([keys[order], old.keys[rest]]), np.concatenate([digests[order], old.digests[rest]])
    order = np.argsort(keys, kind="stable")
    return keys[order], digests[order], facts


def read_index(store: LandingStore, path: str | None) -> Index:
    """Read an index (memory-mapped when it is on this machine); an empty one for None."""
    if path is None:
        return Index()
    local = store.local(path)
    data = np.memmap(local, dtype=np.uint8, mode="r") if local else np.frombuffer(store.read_bytes(path), np.uint8)
    size = int.from_bytes(data[:8].tobytes(), "little")
    head = json.loads(data[8 : 8 + size].tobytes())
    index, at = Index(head["version"], head["tables"]), 8 + size
    for facts in head["sections"]:
        count = facts["count"]
        keys = data[at : at + 8 * count].view(np.uint64)
        digests = data[at + 8 * count : at + 24 * count].view(np.uint64).reshape(-1, 2)
        at += 24 * count
        section = Section(keys, digests, facts["context"], tuple(facts["sets"]), facts["main"])
        index.sections[facts["kind"], facts["part"]] = section
    return index


def rewrite_digests(store: LandingStore, path: str, records: Mapping[Key, U64], to: str | None = None) -> None:
    """Write an index (to another path, or its own) in which these records are there, and count as changed."""
    index = read_index(store, path)
    grown: dict[Key, Growing] = {}
    for name, section in index.sections.items():
        made = grown[name] = Growing()
        made.context, made.sets, made.main = section.context, section.sets, section.main
        digests = np.array(section.digests)
        if name in records:
            digests[np.isin(section.keys, records[name])] = 0
        made.extend(np.array(section.keys), digests.tobytes())
    write_index(store, to or path, grown, None, index.mapping_version, index.tables)
