"""Which connectors there are: every folder under `connectors/` with a `connector.yml`. Nothing else registers them."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import yaml

from canonical_model.errors import ConfigError
from connectors.protocol import Connection, Pace, Raw, Sink, Source

FOLDER = Path(__file__).parent
Cut = Callable[[str, BinaryIO, str], Iterator[Raw]]


class ConnectorSpec(msgspec.Struct, frozen=True):
    """What `connector.yml` says.

    Attributes:
        name: the folder's name.
        title: for people.
        streams: what records are pulled from, with their kinds and cursor strategy.
        documents: what the target takes, with `after` and `batch`.
        delivery: `documents` (one by one) or `snapshot` (one file that holds them all).
        requests_per_second: the vendor's limit; None = none.
        connection: type and fields of the connection's form.
        zone: of its naive times.
        checklist: `done`, or `exempt` with a reason.
    """

    name: str
    title: str = ""
    streams: dict[str, Any] = {}
    documents: dict[str, Any] = {}
    delivery: str = "documents"
    requests_per_second: float | None = None
    connection: dict[str, Any] = {}
    zone: str = "UTC"
    checklist: dict[str, Any] = {}


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
    text = (FOLDER / name / "connector.yml").read_text(encoding="utf8")
    data = {k: None if v == "null" else v for k, v in yaml.load(text, Loader=yaml.BaseLoader).items()}  # noqa: S506
    try:
        return msgspec.convert(data, ConnectorSpec, strict=False)
    except msgspec.ValidationError as error:
        message = f"connectors/{name}/connector.yml: {error}"
        raise ConfigError(message) from error


def _module(name: str, role: str) -> Any:
    spec(name)
    try:
        return importlib.import_module(f"connectors.{name}.{role}")
    except ModuleNotFoundError as error:
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
