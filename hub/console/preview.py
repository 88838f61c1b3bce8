"""`hub preview`: what would the hub make of these files? Nothing is written, and no database is needed."""

import contextlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from canonical_model.errors import ConfigError, MappingError, RejectRecord
from connectors import registry
from connectors.protocol import Raw
from connectors.xml import parse as parse_xml
from hub.flows.stages import this_landscape
from hub.landscape.landscape import System
from mappings import preview as pure
from mappings import registry as mappings
from mappings.reading import Context

Data = dict[str, Any]


def preview(system: str, files: Sequence[Path]) -> Data:
    """Return counts of what the files hold and what would become of it: the same shape for every system.

    `read`, `mapped`, `quarantined` (record kind to count), `reasons` (sentence to count), `unmapped` (field path to
    count), `entities` (canonical entity to count). Raises ConfigError for an unknown system or a missing file, and
    RejectRecord for a file that cannot be read at all.
    """
    chosen = _system(system)
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        message = f"no such file: {', '.join(missing)}"
        raise ConfigError(message)
    context = Context(system=chosen.name, options={"system": chosen.name, "zone": chosen.zone, **chosen.options})
    # Reference records may stand behind their first use: they are read before the rest.
    for record in _records(chosen.connector, files):
        _know(chosen.connector, record, context)
    found = pure.preview(chosen.connector, _records(chosen.connector, files), _parse, context)
    return dict(msgspec.to_builtins(found))


def _system(name: str) -> System:
    """Find a system of the landscape by its name or its connector's; a connector alone will do."""
    try:
        known = this_landscape().systems
    except ConfigError:
        if name not in registry.names():
            raise
        known = {}
    if name in known:
        return known[name]
    if name in registry.names():
        of_it = [system for system in known.values() if system.connector == name]
        return of_it[0] if of_it else System(name=name, connector=name, connection="")
    message = (
        f"no system or connector '{name}'; landscape.yml has {', '.join(known)}; "
        f"connectors are {', '.join(registry.names())}"
    )
    raise ConfigError(message)


def _records(connector: str, files: Sequence[Path]) -> Iterator[Raw]:
    open_files = getattr(import_module(f"connectors.{connector}.source"), "open_files", None)
    if open_files is None:
        message = (
            f"{connector} sends no files, so there is nothing to preview; `hub run --dry` shows what it would move"
        )
        raise ConfigError(message)
    cut = registry.cut(connector)
    for blob in open_files(files):
        try:
            yield from cut(blob.stream, blob.body, blob.media)
        except RejectRecord as error:
            message = f"{blob.name}: {error}"
            raise RejectRecord(message) from error


def _know(connector: str, record: Raw, context: Context) -> None:
    mapping = mappings.inbound(connector, record.kind)
    if mapping.fills:
        with contextlib.suppress(MappingError):  # counted when its turn comes
            key, value = mapping.entry(record.body, _parse, context)
            context.tables.setdefault(mapping.fills, {})[key] = value


def _parse(body: bytes) -> Any:
    return parse_xml(body) if body.lstrip()[:1] == b"<" else msgspec.json.decode(body)
