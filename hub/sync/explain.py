"""Why a value stands at a target: source, mapping, owner, guard, canonical value, rendering, last push, read-back."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import psycopg

from canonical_model.entities import ENTITIES
from connectors import registry as connectors
from hub.landscape.hub import Hub
from hub.landscape.landscape import System
from hub.store.canonical import table_name
from hub.sync.documents import channel_of, load, rows_where
from hub.sync.lookup import Found, find, roots_of
from hub.sync.references import KnownIds, references_of
from hub.sync.targets import Document, documents_of
from mappings import registry as mappings
from mappings.faults import NotPublishable, Waiting

MOST_BATCHES = 3
MOST_TEXT = 4000
Data = dict[str, Any]


def explain(hub: Hub, number: str, field: str | None = None, target: str | None = None) -> Data:
    """Follow a SKU or product (by code, source id or article) from its source to its targets, as plain data.

    `field`: only what is called so (a canonical field, an entity such as `price`, or part of a target's field).
    Raises ConfigError when nothing is called so.
    """
    with hub.connect() as connection:
        found = find(connection, number)
        rows = [_canonical(hub, connection, one, field) for one in _around(connection, found)]
        systems = [hub.landscape.system(target)] if target else hub.landscape.targets()
        return {
            "number": number,
            "canonical": [row for row in rows if row],
            "targets": {system.name: _at_target(hub, connection, system, found, field) for system in systems},
        }


def _around(connection: psycopg.Connection[Any], found: Sequence[Found]) -> list[Found]:
    """The rows themselves, and what they are a variant of."""
    made = list(found)
    for one in found:
        for reference, entity in ENTITIES[one.entity].REFERS.items():
            if entity == one.entity:
                continue
            for row in rows_where(connection, one.entity, "hub_id", [one.hub_id]):
                value = getattr(row, reference)
                made += [Found(entity, i) for i in (value if isinstance(value, list) else [value]) if i is not None]
    return list(dict.fromkeys(made))


def _canonical(hub: Hub, connection: psycopg.Connection[Any], one: Found, field: str | None) -> Data:
    values: Data = {}
    for row in rows_where(connection, one.entity, "hub_id", [one.hub_id]):
        values = {name: _plain(value) for name, value in row._asdict().items() if name != "hub_id"}
    parts = {
        table_name(entity): [
            {name: _plain(value) for name, value in row._asdict().items() if name != kind.PART_OF}
            for row in rows_where(connection, entity, str(kind.PART_OF), [one.hub_id])
        ]
        for entity, kind in ENTITIES.items()
        if kind.PART_OF and kind.REFERS[kind.PART_OF] == one.entity
    }
    if field is not None:
        values = {name: value for name, value in values.items() if name == field}
        parts = {name: rows for name, rows in parts.items() if name == field or any(field in row for row in rows)}
        if not values and not any(parts.values()):
            return {}
    owners = hub.landscape.owners.get(one.entity, {})
    return {
        "entity": one.entity,
        "source": _sources(hub, connection, one),
        "owner": owners.get(field or "*") or owners.get("*", ""),
        "guard": _guard(hub, connection, one),
        "set": _set(connection, one),
        "values": values | {name: rows for name, rows in parts.items() if rows},
    }


def _set(connection: psycopg.Connection[Any], one: Found) -> Data:
    """In which run the row was last changed, and what that changed."""
    row = connection.execute(
        f"select e.version, e.set_run, r.flow, r.started_at from {table_name(one.entity)} e "
        "left join run r on r.id = e.set_run where e.hub_id = %s",
        (one.hub_id,),
    ).fetchone()
    changes = connection.execute(
        "select at, entity, old, new from change where hub_id = %s order by at desc limit 5", (one.hub_id,)
    ).fetchall()
    made: Data = dict(zip(("merge", "run", "flow", "at"), map(_plain, row), strict=True)) if row else {}
    return made | {"changes": [dict(zip(("at", "entity", "old", "new"), map(_plain, c), strict=True)) for c in changes]}


def _guard(hub: Hub, connection: psycopg.Connection[Any], one: Found) -> Data:
    bounds = hub.landscape.guards.get(one.entity)
    parked = connection.execute(
        "select q.id, q.stage, q.field, q.reason from quarantine q join identifier i on i.key = q.key "
        "where i.hub_id = %s and q.state = 'open' order by q.id desc limit 5",
        (one.hub_id,),
    ).fetchall()
    said = (
        {name: str(getattr(bounds, name)) for name in bounds.__struct_fields__ if getattr(bounds, name) is not None}
        if bounds
        else {}
    )
    return {
        "bounds": said,
        "parked": [dict(zip(("id", "stage", "field", "reason"), row, strict=True)) for row in parked],
    }


def _sources(hub: Hub, connection: psycopg.Connection[Any], one: Found) -> list[Data]:
    """How each source calls the row, which mapping reads it, and its last landed record if that is still kept."""
    rows = connection.execute(
        "select n.system, i.key from identifier i join namespace n on n.id = i.namespace "
        "where i.hub_id = %s and n.kind = %s",
        (one.hub_id, one.entity),
    ).fetchall()
    made = []
    for name, key in rows:
        system = hub.landscape.systems.get(name)
        kinds = [] if system is None else _kinds(system, one.entity)
        record = None if system is None else _landed(hub, connection, system, key, kinds)
        files = [f"mappings/{system.connector}/{kind}.in.yml" for kind in kinds] if system else []
        made.append({"system": name, "id": key, "mappings": files, "record": record})
    return made


def _kinds(system: System, entity: str) -> list[str]:
    kinds = mappings.inbound_kinds(system.connector)
    return [kind for kind in kinds if mappings.inbound(system.connector, kind).main == entity]


def _landed(
    hub: Hub, connection: psycopg.Connection[Any], system: System, key: str, kinds: Sequence[str]
) -> Data | None:
    blobs = connection.execute(
        "select b.stream, l.path, l.media, b.id from batch b join blob l on l.batch_id = b.id where b.system = %s "
        "and b.state = 'merged' order by b.id desc, l.position",
        (system.name,),
    ).fetchall()
    newest = set(list(dict.fromkeys(blob[3] for blob in blobs))[:MOST_BATCHES])
    cut = connectors.cut(system.connector)
    for stream, path, media, batch in blobs:
        if batch not in newest or media.startswith("application/x-hub") or not hub.landing.fs.exists(_path(hub, path)):
            continue
        with hub.landing.open(path) as body:
            hits = (raw for raw in cut(stream, body, media) if raw.id == key and raw.kind in kinds)
            for raw in islice(hits, 1):
                return {"kind": raw.kind, "file": path, "text": raw.body.decode("utf-8", "replace")[:MOST_TEXT]}
    return None


def _path(hub: Hub, path: str) -> str:
    return f"{hub.landing.root}/{path}"


def _at_target(
    hub: Hub, connection: psycopg.Connection[Any], system: System, found: Sequence[Found], field: str | None
) -> list[Data]:
    documents = documents_of(hub, connection, system.name)
    roots = roots_of(connection, documents, found)
    return [
        _document(connection, document, documents, root, field)
        for document in documents
        for root in roots[document.kind]
    ]


def _document(
    connection: psycopg.Connection[Any], document: Document, documents: Sequence[Document], root: int, field: str | None
) -> Data:
    number = 0 if document.snapshot else root
    row = connection.execute(
        "select owed, delivered, state, reason, target_id, delivered_run, delivered_at, proven_run, proven_at "
        "from delivery where document = %s and hub_id = %s",
        (document.number, number),
    ).fetchone()
    code = connection.execute(
        "select code from code where document = %s and hub_id = %s", (document.number, root)
    ).fetchone()
    names = ("owed", "delivered", "state", "reason", "target_id", "run", "at", "proven_run", "proven_at")
    told = dict(zip(names, map(_plain, row), strict=True)) if row else {}
    return {
        "document": document.kind,
        "code": code[0] if code else None,
        "mapping": f"mappings/{document.system.connector}/{document.kind}.out.yml",
        "rendered": _rendered(connection, document, documents, root, code[0] if code else None, field),
        "ledger": {name: told.get(name) for name in ("owed", "delivered", "state", "reason")},
        "last_push": {name: told.get(name) for name in ("target_id", "run", "at")},
        "read_back": {"run": told.get("proven_run"), "at": told.get("proven_at")},
    }


def _rendered(
    connection: psycopg.Connection[Any],
    document: Document,
    documents: Sequence[Document],
    root: int,
    code: str | None,
    field: str | None,
) -> Data:
    codes = {root: code} if code else {}
    loaded = load(connection, document, [root], channel_of(document.system), codes, set())
    if root not in loaded.documents:
        return {"not rendered": "it was not received"}
    refs = KnownIds(references_of(document, documents), dry=document.snapshot)
    refs.load(connection, loaded.documents)
    try:
        payload = document.mapping.render(loaded.documents[root], refs)
    except (NotPublishable, Waiting) as why:
        return {"not rendered": str(why)}
    return {name: _plain(value) for name, value in payload.items() if field is None or field in name}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | bool | list | dict) else str(value)
