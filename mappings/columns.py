"""Payloads made from columns: an outbound mapping that names every value it reads is compiled to one function.

Because it is known what is read, and nothing else is, a feed of a million offers is one query over those columns, and
a payload is one call: `bind(options, refs)` gives `build(code, visible, gone, *columns) -> payload`. It is generated as
the inbound side's is (`mappings/compile.py`): a call for each field through closures takes three times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from canonical_model.entities import ENTITIES, fields_of
from canonical_model.errors import ConfigError

Build = Callable[..., dict[str, Any]]
Bind = Callable[[Mapping[str, Any], Any], Build]
# What is known without a column: word of the mapping -> name in the function.
GIVEN = {"code": "code", "document.visible": "visible", "document.gone": "gone", "refs": "refs"}
CHANNEL = "channel."


class Part(msgspec.Struct, frozen=True):
    """Rows that a document shows beside its root.

    Attributes:
        entity: their canonical entity.
        by: the field of theirs that names the root (or the rows of `of`), or "".
        of: the part whose rows `by` names; "" = the root.
        origin: the field of the root (or of the rows of `of`) that names these rows, or "" (`from` in the file).
        where: field of theirs to option of the channel that it must equal.
        sum: the one field that is read, of all rows together, or "".
        fields: the fields that converters read of whole rows (beside `hub_id`).
    """

    entity: str
    by: str = ""
    of: str = ""
    origin: str = ""
    where: dict[str, str] = {}
    sum: str = ""
    fields: tuple[str, ...] = ()


class Column(msgspec.Struct, frozen=True):
    """A value that a mapping reads.

    Attributes:
        part: the part it stands in; "" = the root.
        field: its name; of a part the first row's, or the sum of all rows'. "" = the part's rows as a list.
    """

    part: str
    field: str


class Sent(msgspec.Struct, frozen=True):
    """One key of the payload.

    Attributes:
        name: the key.
        sources: what it is made from: words of `GIVEN`, `channel.<option>`, a root field, `<part>.<field>`, `<part>`.
        convert: the converter, or None for the one source as it is.
        optional: left out when it is None, empty text or an empty list.
    """

    name: str
    sources: tuple[str, ...]
    convert: Callable[..., Any] | None = None
    optional: bool = False


def names(entity: str) -> set[str]:
    """The fields that a mapping may read of an entity."""
    found = {field.encode_name for field in fields_of(ENTITIES[entity])}
    return found | {"hub_id"} if "ref" in found else found


def compiled(
    where: str, root: str, parts: Mapping[str, Part], sent: list[Sent]
) -> tuple[tuple[Column, ...], Bind, str]:
    """Return the columns, the function and its Python; raises ConfigError for a source that does not exist."""
    columns: dict[Column, str] = {}
    known: dict[str, Any] = {}
    options: dict[str, str] = {}
    lines = ["        payload = {}"]
    for number, one in enumerate(sent):
        arguments = [
            _argument(f"{where}: fields.{one.name}", source, root, parts, columns, options) for source in one.sources
        ]
        value = ", ".join(arguments)
        if one.convert is not None:
            known[f"convert{number}"] = one.convert
            value = f"convert{number}({value})"
        if one.optional:
            lines += [f"        value = {value}", "        if value or value == 0:"]
            lines.append(f"            payload[{one.name!r}] = value")
        else:
            lines.append(f"        payload[{one.name!r}] = {value}")
    head = ", ".join(["code", "visible", "gone", *columns.values()])
    bound = [f"    {name} = options.get({option!r})" for option, name in options.items()]
    python = ["def bind(options, refs):", *bound, f"    def build({head}):", *lines, "        return payload"]
    text = "\n".join([*python, "    return build"])
    exec(compile(text, f"<{where}>", "exec"), known)  # noqa: S102
    return tuple(columns), known["bind"], text


def _argument(
    where: str,
    source: str,
    root: str,
    parts: Mapping[str, Part],
    columns: dict[Column, str],
    options: dict[str, str],
) -> str:
    """The name that a source has in the function; new ones get theirs."""
    if source in GIVEN:
        return GIVEN[source]
    if source.startswith(CHANNEL):
        return options.setdefault(source.removeprefix(CHANNEL), f"option{len(options)}")
    part, _, field = source.rpartition(".")
    if source in parts:
        part, field = source, ""
    elif part and part not in parts:
        msg = f"{where}: no part {part!r}"
        raise ConfigError(msg)
    entity = parts[part].entity if part else root
    readable = ({parts[part].sum} if part and parts[part].sum else names(entity)) | ({""} if part else set())
    if field not in readable:
        msg = f"{where}: {part or entity} has no field {field!r}"
        raise ConfigError(msg)
    column = Column(part, field)
    return columns.setdefault(column, f"column{len(columns)}")


def value_of(column: Column, parts: Mapping[str, Part], root: Any, rows: Mapping[str, list[Any]]) -> Any:
    """The value of a column in loaded rows: what a query over the columns gives at once."""
    if not column.part:
        return getattr(root, column.field)
    found = rows[column.part]
    if not column.field:
        return found
    if not found:
        return None
    if parts[column.part].sum:
        return sum(getattr(row, column.field) for row in found)
    return getattr(found[0], column.field)
