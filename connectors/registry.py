"""Which connectors there are: every folder under `connectors/` with a `connector.yml`. Nothing else registers them."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from canonical_model.errors import ConfigError
from connectors.protocol import Connection, Pace, Raw, Sink, Source

FOLDER = Path(__file__).parent
Cut = Callable[[str, BinaryIO, str], Iterator[Raw]]


class StreamSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stream: the record kinds in it, how it remembers where it was, and records (or files) an answer."""

    kinds: list[str]
    cursor: Literal["keyset", "journal", "token", "queue", "snapshot"]
    batch: int = 1


class DocumentSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document kind: the kinds that must be there before it, and how many go into one request."""

    after: list[str] = []
    batch: int = 1


class FieldSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field of the connection's form: a field of Airflow's own, or one in `extra`; secrets are never shown."""

    title: str
    where: Literal["", "extra"] = ""
    default: str = ""
    secret: bool = False


class FormSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The connection's type and its form."""

    type: str
    fields: dict[str, FieldSpec]


class OptionSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An option that the landscape may give a system of this kind."""

    about: str
    default: str = ""


class Exempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a rule of the checklist does not concern this connector."""

    exempt: str


class ConnectorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `connector.yml` says.

    Attributes:
        name: the folder's name.
        title: for people.
        connection: type and fields of the connection's form.
        checklist: `done`, or `exempt` with a reason; the contract suite runs what is `done`.
        streams: what records are pulled from.
        documents: what the target takes.
        delivery: `documents` (one by one) or `snapshot` (one file that holds them all).
        idempotency: by document kind: `native`, `query` (look up by own key) or `none`.
        context: record kinds that others point at by id, so that a change of theirs maps the others anew.
        options: what the landscape may say.
        requests_per_second: the vendor's limit; None = none.
        zone: of its naive times.
    """

    name: str
    title: str
    connection: FormSpec
    checklist: dict[str, Literal["done"] | Exempt]
    streams: dict[str, StreamSpec] = {}
    documents: dict[str, DocumentSpec] = {}
    delivery: Literal["documents", "snapshot"] = "documents"
    idempotency: dict[str, Literal["native", "query", "none"]] = {}
    context: list[str] = []
    options: dict[str, OptionSpec] = {}
    requests_per_second: float | None = None
    zone: str = "UTC"


@cache
def names() -> tuple[str, ...]:
    """Return the names of all connectors."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/connector.yml")))


@cache
def spec(name: str) -> ConnectorSpec:
    """Return a connector's own description; raises ConfigError naming the known ones."""
    if name not in names():
        message = f"no connector '{name}'; there are {', '.join(names())}"
        raise ConfigError(message)
    return read_spec((FOLDER / name / "connector.yml").read_text(encoding="utf8"), name)


def read_spec(text: str, name: str) -> ConnectorSpec:
    """Check the text of a `connector.yml`; raises ConfigError naming what is wrong in it."""
    where = f"connectors/{name}/connector.yml"
    try:
        data = {key: None if value == "null" else value for key, value in yaml.load(text, yaml.BaseLoader).items()}  # noqa: S506
        found = msgspec.convert(data, ConnectorSpec, strict=False)
        ZoneInfo(found.zone)
    except (msgspec.ValidationError, yaml.YAMLError, AttributeError, ZoneInfoNotFoundError, ValueError) as error:
        message = f"{where}: {error}"
        raise ConfigError(message) from None
    strange = {after for document in found.documents.values() for after in document.after} - found.documents.keys()
    if strange or found.name != name:
        message = f"{where}: " + (
            f"after names no document: {', '.join(strange)}" if strange else f"name is not {name}"
        )
        raise ConfigError(message)
    return found


def _module(name: str, role: str) -> Any:
    spec(name)
    try:
        return importlib.import_module(f"connectors.{name}.{role}")
    except ModuleNotFoundError as error:
        if error.name != f"connectors.{name}.{role}":
            raise
        message = f"connector '{name}' has no {role}"
        raise ConfigError(message) from error


def open_source(name: str, connection: Connection, options: Mapping[str, Any], pace: Pace) -> Source:
    """Open a connector's source; raises ConfigError when it has none."""
    source: Source = _module(name, "source").open_source(connection, options, pace)
    return source


def open_sink(name: str, connection: Connection, options: Mapping[str, Any], pace: Pace) -> Sink:
    """Open a connector's sink; raises ConfigError when it has none."""
    sink: Sink = _module(name, "sink").open_sink(connection, options, pace)
    return sink


def cut(name: str) -> Cut:
    """Return a connector's pure cutting function."""
    found: Cut = _module(name, "source").cut
    return found
