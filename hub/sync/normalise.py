"""normalise: cut, compare, and map what changed into staged rows.

Only records whose bytes, mapping or context changed are parsed. A record that cannot be mapped is parked with its bytes
and the rest goes on; a file that cannot be cut refuses its whole batch, and nothing of it is applied.

`batch.counts` afterwards: `{"kinds": {kind: {read, new, changed, unchanged, repeated, quarantined, vanished}},
"notes": {text: count}, "parsed": n}` with read = new + changed + unchanged + repeated + quarantined for each kind.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, groupby, islice
from typing import Any, BinaryIO

import msgspec
import numpy as np
import psycopg
import xxhash

from canonical_model.entities import ENTITIES, Entity
from canonical_model.errors import MappingError, RejectRecord
from connectors import registry
from connectors.protocol import Raw
from connectors.xml import parse as parse_xml
from hub.landscape.hub import Hub
from hub.landscape.landscape import System
from hub.store.locks import check_fence, stream_fence
from hub.sync import batches
from hub.sync.batches import Batch
from hub.sync.bounds import RowBounds
from hub.sync.collector import collector_rests
from hub.sync.delta import NULL_DIGEST, U64, Growing, Index, Key, context_digest, key_hash, read_index, write_index
from hub.sync.failpoints import reach
from hub.sync.identity import dictionaries
from hub.sync.quarantine import RECORDS_MEDIA, Parked, forget, park
from hub.sync.runs import progress
from hub.sync.siblings import write_moved
from hub.sync.staged import StagedWriter
from mappings import registry as mappings
from mappings.mapping import Mapping, Parse
from mappings.reading import Context, Note, Reading

CHUNK = 250
FEW = 4_096


def normalise(hub: Hub, run_id: int, system: str, stream: str) -> dict[str, Any]:
    """Normalise every waiting batch of a stream, oldest first; returns counts over all kinds.

    Raises RetryLater when another process works on the stream, Fenced when a newer try took over.
    """
    totals: Counter[str] = Counter()
    of = hub.landscape.system(system)
    with stream_fence(hub.url, system, stream) as (connection, fence):
        merged = batches.last_merged(connection, system, stream)
        before: Batch | None = None
        for batch in batches.waiting(connection, system, stream):
            base = batches.base_of(batch, before, merged)
            if batch.state == "landed" or batch.base_batch != (base.id if base else None):
                batch = _one(hub, connection, fence, run_id, of, batch, base)
                totals.update(batch.counts.get("total", {}))
            if batch.state == "refused":
                totals["refused"] += 1
            elif batch.state != "landed":
                before = batch
    progress(hub, run_id, f"normalise:{system}/{stream}", totals["read"], totals["read"], finished=True)
    return dict(totals)


def _one(
    hub: Hub,
    connection: psycopg.Connection[Any],
    fence: int,
    run_id: int,
    system: System,
    batch: Batch,
    base: Batch | None,
) -> Batch:
    """Normalise one batch against the index of the one before it."""
    work = _Work(hub, connection, run_id, system, batch, base)
    refused = ""
    try:
        with collector_rests():
            work.read_all()
    except RejectRecord as error:
        refused = f"{work.blob_name}: {error}"
    reach("normalise:staged")
    with connection.transaction():
        check_fence(connection, batch.system, batch.stream, fence)
        forget(connection, batch.id, ("cut", "map", "guard"))
        if refused:
            batches.refuse(connection, batch.id, refused)
            return batch._replace(state="refused")
        if base is not None and not _still_named(connection, base):
            return batch  # a sibling stream has moved records of the base meanwhile: compare again next time
        park(connection, batch.id, run_id, batch.system, batch.stream, work.parked)
        counts = work.counted()
        connection.execute(
            "update batch set state = 'normalised', base_batch = %s, index_path = %s, staged_path = %s, "
            "mapping_version = %s, counts = %s where id = %s",
            (
                base.id if base else None,
                work.index_path,
                work.staged_path,
                work.version,
                msgspec.json.encode(counts).decode(),
                batch.id,
            ),
        )
    reach("normalise:committed")
    return batch._replace(state="normalised", index_path=work.index_path, counts=counts)


def _still_named(connection: psycopg.Connection[Any], base: Batch) -> bool:
    row = connection.execute("select index_path from batch where id = %s for share", (base.id,)).fetchone()
    return row is not None and row[0] == base.index_path


class _Work:
    """What is known while one batch is read."""

    def __init__(
        self,
        hub: Hub,
        connection: psycopg.Connection[Any],
        run_id: int,
        system: System,
        batch: Batch,
        base: Batch | None,
    ) -> None:
        self.hub, self.run_id, self.system, self.batch = hub, run_id, system, batch
        self.version = mappings.version(system.connector)
        self.cut = registry.cut(system.connector)
        self.base_path = base.index_path if base else None
        folder = f"work/{batch.system}/{batch.stream}/{batch.id}"
        self.index_path, self.staged_path = f"{folder}/index", f"{folder}/rows"
        self.vanished_path = f"{folder}/vanished"
        self.blob_name = batch.package
        self.blobs = connection.execute(
            "select name, media, path from blob where batch_id = %s order by position", (batch.id,)
        ).fetchall()
        connection.commit()
        self.stage = f"normalise:{batch.system}/{batch.stream}"
        self.repeats: dict[Key, set[int]] = {}
        self.bounds = RowBounds()
        owners = hub.landscape.owner
        self.foreign = {kind for name, kind in ENTITIES.items() if owners(name) != batch.system}
        self.dictionaries = dictionaries(hub, run_id, batch.system)

    def read_all(self) -> None:
        """Read the package; a second time when a context record stood behind its first use, or a record twice."""
        tables: dict[str, dict[str, Any]] | None = None
        while True:
            self._start(tables)
            with self.hub.landing.create(self.staged_path) as file:
                self.writer = StagedWriter(file, self.dictionaries)
                for blob in self.blobs:
                    self._blob(*blob)
                self.writer.flush()
            late = any(context_digest(self.context.tables, n) != d for n, d in self.used.items())
            repeats = {key: found for key, grown in self.grown.items() if (found := grown.repeated())}
            if not late and repeats.keys() <= self.repeats.keys():
                break
            tables, self.repeats = self.context.tables, self.repeats | repeats
        self._finish()

    def _start(self, tables: dict[str, dict[str, Any]] | None) -> None:
        self.base: Index = read_index(self.hub.landing, self.base_path)
        known = self.base.tables if tables is None else tables
        self.context = Context(
            system=self.batch.system,
            tables={name: dict(entries) for name, entries in known.items()},
            options=self.hub.options(
                self.system, self.batch.stream if self.batch.stream in self.system.streams else None
            ),
        )
        self.grown: dict[Key, Growing] = {}
        self.firsts: dict[Key, dict[int, bytes] | None] = {}
        self.used: dict[tuple[str, ...], str] = {}
        self.counts: dict[str, Counter[str]] = {}
        self.notes: Counter[str] = Counter()
        self.parked: list[Parked] = []
        self.moved: dict[Key, list[U64]] = {}
        self.read = self.parsed = 0

    def _blob(self, name: str, media: str, path: str) -> None:
        self.blob_name = name
        parse = parse_xml if media.endswith("xml") else msgspec.json.decode
        with self.hub.landing.open_plain(path) if media == RECORDS_MEDIA else self.hub.landing.open(path) as body:
            records = self._records(body, media)
            for (kind, part), group in groupby(records, key=lambda raw: (raw.kind, raw.part)):
                while chunk := list(islice(group, CHUNK)):
                    self._chunk(
                        (kind, part),
                        chunk,
                        parse_xml if media == RECORDS_MEDIA and chunk[0].body[:1] == b"<" else parse,
                    )

    def _records(self, body: BinaryIO, media: str) -> Iterator[Raw]:
        if media == RECORDS_MEDIA:
            return iter(msgspec.msgpack.decode(body.read(), type=list[Raw]))
        return self.cut(self.batch.stream, body, media)

    def _chunk(self, name: Key, chunk: list[Raw], parse: Parse) -> None:
        mapping = mappings.inbound(self.system.connector, name[0])
        counts = self.counts.setdefault(name[0], Counter())
        counts["read"] += len(chunk)
        self.read += len(chunk)
        grown = self.grown.get(name)
        if grown is None:
            grown = self.grown[name] = Growing()
            grown.sets = self.base.section(name).sets
            grown.main = "" if ENTITIES.get(mapping.main or "") in self.foreign else mapping.main or ""
            grown.context = self.used.setdefault(mapping.needs, context_digest(self.context.tables, mapping.needs))
            self.firsts[name] = {}
        chunk = self._once(name, chunk, counts)
        keys = np.array([key_hash(raw.id) for raw in chunk], dtype=np.uint64)
        digests = bytearray().join([xxhash.xxh3_128_digest(raw.body) for raw in chunk])
        changed, known = self._compare(name, grown, keys, digests)
        if mapping.fills:
            # Reference records are few, and what they say must be known even when they did not change.
            self._fill(mapping, mapping.fills, chunk, parse)
        counts["unchanged"] += len(chunk) - len(changed)
        failed = self._map(mapping, chunk, changed, known, parse, counts, grown)
        self.moved.setdefault(name, []).append(keys[changed])
        for at in failed:
            digests[16 * at : 16 * at + 16] = NULL_DIGEST
        counts["quarantined"] += len(failed)
        self.parsed += len(changed)
        grown.extend(keys, digests)
        progress_every = 20 * CHUNK
        if self.read // progress_every != (self.read - len(chunk)) // progress_every:
            progress(self.hub, self.run_id, self.stage, self.read, None)

    def _fill(self, mapping: Mapping, table: str, chunk: list[Raw], parse: Parse) -> None:
        """Enter reference records into their context table; one that cannot be read is parked by `_map`."""
        entries = self.context.tables.setdefault(table, {})
        for raw in chunk:
            with suppress(MappingError):
                key, value = mapping.entry(raw.body, parse, self.context)
                entries[key] = value

    def _map(
        self,
        mapping: Mapping,
        chunk: list[Raw],
        changed: list[int],
        known: list[bool],
        parse: Parse,
        counts: Counter[str],
        grown: Growing,
    ) -> list[int]:
        """Map the changed records of a chunk and stage their rows; returns the places of those that were parked."""
        failed: list[int] = []
        places: list[int] = []
        readings: list[Reading] = []
        for at in changed:
            try:
                readings.append(mapping.read(chunk[at].body, parse, self.context))
                places.append(at)
            except MappingError as error:
                failed.append(at)
                self._park(chunk[at], "map", error.field, error.reason)
            except RejectRecord as error:
                # Bytes that no parser takes: the file is broken, and nothing of it may be applied.
                msg = f"in {chunk[at].kind} {chunk[at].id}: {error.reason}"
                raise RejectRecord(msg, error.field) from error
        broken = self.bounds.broken(readings)
        if readings:
            self.writer.begin(chunk[0].kind, chunk[0].part)
            # What this part of a record has stated, not what its kind could: the sets that go when it vanishes.
            grown.sets = tuple(sorted({*grown.sets, *chain.from_iterable({self._sets(r.sets) for r in readings})}))
        for place, (at, reading) in enumerate(zip(places, readings, strict=True)):
            if place in broken:
                failed.append(at)
                self._park(chunk[at], "guard", *broken[place])
                continue
            if reading.notes:
                self._note(reading.notes)
            entities = reading.entities
            if self.foreign:
                entities = self._owned(entities)
            counts["changed" if known[at] else "new"] += 1
            self.writer.add(chunk[at].id, entities, self._sets(reading.sets))
        return failed

    def _note(self, notes: tuple[Note, ...]) -> None:
        for note in notes:
            self.notes[f"{note.field}: {note.reason}"] += 1

    def _owned(self, entities: list[Entity]) -> list[Entity]:
        """Only the owner of an entity changes it; what another system says of it is not applied."""
        for entity in entities:
            if type(entity) in self.foreign:
                self.notes[f"{type(entity).__name__} belongs to another system: not applied"] += 1
        return [entity for entity in entities if type(entity) not in self.foreign]

    def _sets(self, stated: tuple[str, ...]) -> tuple[str, ...]:
        """The stated sets that this system owns."""
        return tuple(name for name in stated if ENTITIES[name] not in self.foreign) if self.foreign else stated

    def _park(self, raw: Raw, stage: str, field: str | None, reason: str) -> None:
        self.parked.append(Parked(raw.kind, raw.part, raw.id, stage, field, reason, raw.body))

    def _compare(self, name: Key, grown: Growing, keys: U64, digests: bytearray) -> tuple[list[int], list[bool]]:
        """Places in the chunk that must be mapped, and for each place whether the base knows the key."""
        section = self.base.section(name)
        same = section.unchanged(keys, np.frombuffer(bytes(digests), dtype=np.uint64).reshape(-1, 2))
        if section.context != grown.context or self.base.mapping_version != self.version:
            same[:] = False
        return np.flatnonzero(~same).tolist(), section.known(keys).tolist()

    def _once(self, name: Key, chunk: list[Raw], counts: Counter[str]) -> list[Raw]:
        """Leave out records that stand in the package already; park one that says something else the second time.

        Multi-part exports repeat their reference records in each part. Only the first few thousand of a kind are
        remembered here; a large kind that repeats itself is found by the index and read again with those keys watched.
        """
        firsts = self.firsts[name]
        watched = self.repeats.get(name)
        if firsts is not None and len(firsts) > FEW and not watched:
            self.firsts[name] = firsts = None
        if firsts is None:
            return chunk
        kept = []
        for raw in chunk:
            key, digest = key_hash(raw.id), xxhash.xxh3_128_digest(raw.body)
            if watched is not None and len(firsts) > FEW and key not in watched:
                kept.append(raw)
                continue
            before = firsts.setdefault(key, digest)
            if before is digest:
                kept.append(raw)
            elif before == digest:
                counts["repeated"] += 1
            else:
                counts["quarantined"] += 1
                reason = (
                    f"{raw.kind} {raw.id} stands twice in one package and says different things; the first one counts"
                )
                self._park(raw, "cut", None, reason)
        return kept

    def _finish(self) -> None:
        """Write the index, the vanished keys, and the keys of what changed."""
        vanished: list[tuple[str, str, list[int]]] = []
        if self.batch.snapshot:
            for name, section in self.base.sections.items():
                gone = section.vanished()
                if len(gone):
                    self.counts.setdefault(name[0], Counter())["vanished"] += len(gone)
                    vanished.append((section.main if name[1] == "" else "", ",".join(section.sets), gone.tolist()))
        with self.hub.landing.create(self.vanished_path) as file:
            file.write(msgspec.msgpack.encode(vanished))
        write_moved(self.hub, self.batch, self.moved)
        base = None if self.batch.snapshot else self.base
        write_index(self.hub.landing, self.index_path, self.grown, base, self.version, self.context.tables)

    def counted(self) -> dict[str, Any]:
        """What the batch row keeps."""
        total: Counter[str] = Counter()
        for counts in self.counts.values():
            total.update(counts)
        kinds = {kind: dict(counts) for kind, counts in self.counts.items()}
        return {"kinds": kinds, "notes": dict(self.notes), "parsed": self.parsed, "total": dict(total)}
