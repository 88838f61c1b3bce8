"""apply: what was staged becomes canonical, set-based, and only what differs changes.

For each entity: rows that differ are updated (and logged), rows that are new are inserted, rows of a set that its
record no longer names are deleted, and everything concerned is noted in `touched_<table>` for the ledger.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from sqlalchemy import ARRAY, Boolean
from sqlalchemy.dialects.postgresql import JSONB

from canonical_model.entities import ENTITIES
from hub.store.canonical import table_name
from hub.store.tables import CANONICAL
from hub.sync.fill import Filler, column_names

Connection = psycopg.Connection[Any]


def ensure_partition(connection: Connection) -> None:
    """Make today's partition of the change log."""
    row = connection.execute("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD')").fetchone()
    assert row is not None
    name = f"change_{row[0].replace('-', '_')}"
    if connection.execute("select to_regclass(%s)", (name,)).fetchone() == (None,):
        connection.execute(
            f"create table \"{name}\" partition of change for values from ('{row[0]}') to (date '{row[0]}' + 1)"
        )


def apply(connection: Connection, filler: Filler, version: int, run_id: int) -> Counter[str]:
    """Apply all staging tables; returns counts of rows inserted, updated and deleted."""
    for plan in ("seqscan", "hashjoin", "mergejoin"):
        connection.execute(f"set local enable_{plan} = on")
    # A night changes one row in a hundred: look those up instead of reading whole tables that are in memory anyway.
    connection.execute("set local random_page_cost = 1.1")
    counts: Counter[str] = Counter()
    for name in ENTITIES:
        counts["inserted"] += filler.straight[name]
        if filler.straight[name]:
            _touch_copied(connection, name, version)
        if filler.staged[name]:
            counts["updated"] += _update(connection, name, version, run_id)
            counts["inserted"] += _insert(connection, name)
    connection.execute("analyze stated")
    for name, entity in ENTITIES.items():
        if entity.PART_OF:
            counts["deleted"] += _delete_unnamed(connection, name, version, run_id)
    return counts


def _keys(name: str) -> list[str]:
    return ["hub_id" if key == "ref" else key for key in ENTITIES[name].KEY]


def _own(name: str) -> str:
    """The column that says which root a row concerns: its own id, or its parent's."""
    return ENTITIES[name].PART_OF or "hub_id"


def _on(keys: Iterable[str], left: str, right: str) -> str:
    return " and ".join(f'{left}."{key}" = {right}."{key}"' for key in keys)


def _touch_copied(connection: Connection, name: str, version: int) -> None:
    table = table_name(name)
    connection.execute(
        f'insert into "touched_{table}" select distinct "{_own(name)}" from "{table}" where version = %s',
        (version,),
    )


def _update(connection: Connection, name: str, version: int, run_id: int) -> int:
    """Update rows that differ; returns how many. Uses a temporary table `d_<table>` with the old row beside the new."""
    table, keys = table_name(name), _keys(name)
    values = [c for c in column_names(name) if c not in keys and c not in ("version", "set_run")]
    connection.execute(f'analyze "s_{table}"')
    _fold_repeated(connection, name, values)
    # A row that this very merge has written is completed by what a second record of the batch says of it.
    said = {c: f'case when t.version = {version} then {_fold(name, c, "t", "s")} else s."{c}" end' for c in values}
    named = ", ".join(f'{value} as "{c}"' for c, value in said.items())
    connection.execute(
        f'create temp table "d_{table}" on commit drop as select {_row("s", keys)}, s.version, s.set_run, '
        f'to_jsonb(t) as "old row", {named} from "s_{table}" s join "{table}" t on {_on(keys, "s", "t")} '
        f"where ({_row('t', values)}) is distinct from ({', '.join(said.values())})"
    )
    sets = ", ".join(f'"{c}" = d."{c}"' for c in [*values, "version", "set_run"])
    done = connection.execute(f'update "{table}" t set {sets} from "d_{table}" d where {_on(keys, "t", "d")}')
    connection.execute(f'insert into "touched_{table}" select distinct "{_own(name)}" from "d_{table}"')
    if ENTITIES[name].HISTORY:
        _log(connection, name, f'"d_{table}"', '"old row"', "to_jsonb(d) - 'old row'", version, run_id)
    return done.rowcount


def _fold_repeated(connection: Connection, name: str, values: Sequence[str]) -> None:
    """Two records of one batch that state the same row: the later one counts, the earlier one where it says nothing."""
    table, keys = table_name(name), _keys(name)
    listed = ", ".join(f'"{key}"' for key in keys)
    # Grouped, not joined: a join that stops at the first hit is planned as if there were one, and there is none.
    repeated = f'select {listed} from "s_{table}" group by {listed} having count(*) > 1'
    if connection.execute(f"select exists ({repeated})").fetchone() == (False,):
        return
    sets = ", ".join(f'"{c}" = {_fold(name, c, "a", "b")}' for c in values)
    connection.execute(
        f'update "s_{table}" b set {sets} from "s_{table}" a where {_on(keys, "a", "b")} and a.seq < b.seq'
    )
    connection.execute(f'delete from "s_{table}" a using "s_{table}" b where {_on(keys, "a", "b")} and a.seq < b.seq')


def _fold(name: str, column: str, first: str, second: str) -> str:
    """SQL for what two records say of a column together; deletion is the later one's to say."""
    before, after = f'{first}."{column}"', f'{second}."{column}"'
    kind = CANONICAL[name].c[column].type
    if isinstance(kind, ARRAY | JSONB):
        return f"case when {after} = '{{}}' then {before} else {after} end"
    return after if isinstance(kind, Boolean) else f"coalesce({after}, {before})"


def _row(alias: str, columns: Sequence[str]) -> str:
    return ", ".join(f'{alias}."{c}"' for c in columns)


def _insert(connection: Connection, name: str) -> int:
    table, keys = table_name(name), _keys(name)
    columns = ", ".join(f'"{c}"' for c in column_names(name))
    done = connection.execute(
        f'with new as (insert into "{table}" ({columns}) select {columns} from "s_{table}" s '
        f'where not exists (select 1 from "{table}" t where {_on(keys, "s", "t")}) returning "{_own(name)}" as hub_id) '
        f'insert into "touched_{table}" select hub_id from new'
    )
    return done.rowcount


def _delete_unnamed(connection: Connection, name: str, version: int, run_id: int) -> int:
    """Delete rows of stated sets that the batch did not name."""
    table, own, keys = table_name(name), _own(name), _keys(name)
    connection.execute(
        f'create temp table "x_{table}" on commit drop as select t.*, to_jsonb(t) as "old row" from "{table}" t '
        f'join (select distinct hub_id from stated where entity = %s) st on t."{own}" = st.hub_id '
        f'where not exists (select 1 from "s_{table}" s where {_on(keys, "s", "t")})',
        (name,),
    )
    done = connection.execute(f'delete from "{table}" t using "x_{table}" x where {_on(keys, "t", "x")}')
    if done.rowcount:
        connection.execute(f'insert into "touched_{table}" select distinct "{own}" from "x_{table}"')
        if ENTITIES[name].HISTORY:
            _log(connection, name, f'"x_{table}"', '"old row"', "'{}'::jsonb", version, run_id)
    return done.rowcount


def _log(connection: Connection, name: str, source: str, old: str, new: str, version: int, run_id: int) -> None:
    """Write one change row for each row of `source`: the columns that differ, old and new."""
    passing = "array['version','set_run']"
    connection.execute(
        "insert into change (day, entity, hub_id, version, run_id, old, new) "
        f"select (now() at time zone 'UTC')::date, %s, d.\"{_own(name)}\", %s, %s, diff.old, diff.new from {source} d "
        f"cross join lateral (select {new} as after) n cross join lateral (select "
        "coalesce(jsonb_object_agg(o.key, o.value), '{}') as old, "
        "coalesce(jsonb_object_agg(o.key, n.after -> o.key) filter (where n.after ? o.key), '{}') as new "
        f"from jsonb_each({old} - {passing}) o where o.value is distinct from n.after -> o.key) diff",
        (name, version, run_id),
    )


def touched_tables(connection: Connection) -> dict[str, str]:
    """Canonical entity → a temporary table that names, once each, what this merge touched."""
    tables = {}
    for name in ENTITIES:
        touched = f"touched_{table_name(name)}"
        connection.execute(
            f'create temp table "once_{touched}" on commit drop as select distinct hub_id from "{touched}"'
        )
        tables[name] = f"once_{touched}"
    return tables
