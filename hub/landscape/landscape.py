"""`landscape.yml`: which systems a retailer has, who owns which field, and what may leave. Read and checked here.

Every value is read as text (`yaml.BaseLoader`): `0123`, `no` and `12:30` stay what was written. Shares are `Decimal`.
"""

import re
from datetime import time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import yaml

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError


class Stream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one stream of a source is watched.

    Attributes:
        fresh_within: nothing landed for so long = the source is dead (red).
        blackout: local times in which silence is expected and nothing is pulled.
        means: for stock: `physical` or `free`.
        options: everything else, handed to the connector (`folder`, `settle`).
    """

    fresh_within: timedelta | None = None
    blackout: tuple[tuple[time, time], ...] = ()
    means: Literal["physical", "free"] = "physical"
    options: dict[str, Any] = {}


class System(msgspec.Struct, frozen=True):
    """One system: a source, a target or both."""

    name: str
    connector: str
    connection: str
    zone: str = "UTC"
    environment: Literal["production", "test", "sandbox"] = "production"
    streams: dict[str, Stream] = {}
    deliver: Literal["live", "shadow", "off"] = "off"
    gone: Literal["hide", "zero", "delete"] = "hide"
    price_list: str | None = None
    assortment: dict[str, tuple[str, ...]] = {}
    prove_within_days: int = 14
    options: dict[str, Any] = {}

    @property
    def is_target(self) -> bool:
        """Documents are rendered for it (live or shadow)."""
        return self.deliver != "off"


class Guards(msgspec.Struct, frozen=True):
    """Bounds of one entity that this retailer sets; the fixed ones live in canonical_model/expectations.

    Attributes:
        up, down: factor at which a single value is parked (`x5`).
        changed_share: share of known records that may change in one batch.
        vanished_share: share that may vanish in one full export, or be marked as deleted in one batch.
        emptied_share: share of parents that may lose rows of theirs (prices) in one batch.
        fewer_than_median: a full export below this share of the last seven runs' median is held.
    """

    up: Decimal | None = None
    down: Decimal | None = None
    changed_share: Decimal | None = None
    vanished_share: Decimal | None = None
    emptied_share: Decimal | None = None
    fewer_than_median: Decimal | None = None


class Landscape(msgspec.Struct, frozen=True):
    """The whole file, checked."""

    systems: dict[str, System]
    owners: dict[str, dict[str, str]]
    match: dict[str, tuple[str, ...]]
    creates: tuple[str, ...]
    guards: dict[str, Guards]

    def system(self, name: str) -> System:
        """Return a system by its name; raises ConfigError naming the known ones."""
        if name not in self.systems:
            message = f"no system '{name}' in landscape.yml; there are {', '.join(self.systems)}"
            raise ConfigError(message)
        return self.systems[name]

    def sources(self) -> list[tuple[System, str]]:
        """Every (system, stream) that records are pulled from."""
        return [(system, stream) for system in self.systems.values() for stream in system.streams]

    def targets(self) -> list[System]:
        """Every system that documents are rendered for."""
        return [system for system in self.systems.values() if system.is_target]

    def owner(self, entity: str, field: str = "*") -> str:
        """Name the system that owns a field of an entity; raises ConfigError when nobody does."""
        fields = self.owners.get(entity, {})
        owner = fields.get(field) or fields.get("*")
        if owner is None:
            message = f"landscape.yml: nobody owns {entity}.{field}"
            raise ConfigError(message)
        return owner


def read_landscape(path: Path) -> Landscape:
    """Read and check a landscape file; raises ConfigError naming the place in it."""
    try:
        data = yaml.load(path.read_text(encoding="utf8"), Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes only texts
    except (OSError, yaml.YAMLError) as error:
        message = f"{path.name}: {error}"
        raise ConfigError(message) from error
    return parse_landscape(data, path.name)


def parse_landscape(data: Any, name: str = "landscape.yml") -> Landscape:
    """Check what `yaml` read; raises ConfigError naming the place."""
    if not isinstance(data, dict) or not isinstance(data.get("systems"), dict):
        message = f"{name}: needs a section `systems`"
        raise ConfigError(message)
    unknown = set(data) - {"systems", "owners", "match", "creates", "guards"}
    if unknown:
        message = f"{name}: unknown sections {', '.join(sorted(unknown))}"
        raise ConfigError(message)
    systems = {key: _system(key, value, name) for key, value in data["systems"].items()}
    owners = {entity: dict(fields) for entity, fields in data.get("owners", {}).items()}
    _check_owners(owners, systems, name)
    guards = {entity: _guards(values, f"{name}: guards.{entity}") for entity, values in data.get("guards", {}).items()}
    return Landscape(
        systems=systems,
        owners=owners,
        match={entity: tuple(fields) for entity, fields in data.get("match", {}).items()},
        creates=tuple(data.get("creates", ())),
        guards=guards,
    )


def _check_owners(owners: dict[str, dict[str, str]], systems: dict[str, System], name: str) -> None:
    for entity, fields in owners.items():
        if entity not in ENTITIES:
            message = f"{name}: owners.{entity} is no canonical entity; there are {', '.join(ENTITIES)}"
            raise ConfigError(message)
        if single := sorted(set(fields) - {"*"}):
            message = (
                f"{name}: owners.{entity}: owners of single fields ({', '.join(single)}) come with a second source"
            )
            raise ConfigError(message)
        for field, system in fields.items():
            if system not in systems:
                message = f"{name}: owners.{entity}.{field} names '{system}', which is not in systems"
                raise ConfigError(message)


_CHOICES = {
    "environment": ("production", "test", "sandbox"),
    "deliver": ("live", "shadow", "off"),
    "gone": ("hide", "zero", "delete"),
}
_SYSTEM_FIELDS = {*_CHOICES, "connector", "connection", "zone", "price_list", "prove_within_days"}


def _system(key: str, value: Any, name: str) -> System:
    where = f"{name}: systems.{key}"
    if not isinstance(value, dict) or "connector" not in value or "connection" not in value:
        message = f"{where} needs `connector` and `connection`"
        raise ConfigError(message)
    for field, allowed in _CHOICES.items():
        if value.get(field, allowed[0]) not in allowed:
            message = f"{where}.{field} is '{value[field]}'; allowed are {', '.join(allowed)}"
            raise ConfigError(message)
    known: dict[str, Any] = {field: value[field] for field in _SYSTEM_FIELDS if field in value}
    try:
        ZoneInfo(known.get("zone", "UTC"))
        known["prove_within_days"] = int(known.get("prove_within_days", 14))
    except (KeyError, ValueError) as error:
        message = f"{where}: {error}"
        raise ConfigError(message) from error
    streams = value.get("streams", {})
    return System(
        name=key,
        streams={stream: _stream(options or {}, f"{where}.streams.{stream}") for stream, options in streams.items()},
        assortment={rule: tuple(names) for rule, names in value.get("assortment", {}).items()},
        options={k: v for k, v in value.items() if k not in _SYSTEM_FIELDS | {"streams", "assortment"}},
        **known,
    )


def _stream(options: dict[str, Any], where: str) -> Stream:
    rest = {k: v for k, v in options.items() if k not in ("fresh_within", "blackout", "means")}
    means = options.get("means", "physical")
    if means not in ("physical", "free"):
        message = f"{where}.means is '{means}'; allowed are physical, free"
        raise ConfigError(message)
    return Stream(
        fresh_within=duration(options["fresh_within"], where) if "fresh_within" in options else None,
        blackout=tuple(_window(text, where) for text in options.get("blackout", ())),
        means=means,
        options=rest,
    )


def duration(text: str, where: str) -> timedelta:
    """`26h`, `15m`, `2d` or `30s`; raises ConfigError."""
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if found is None:
        message = f"{where}: '{text}' is no duration; write 30s, 15m, 26h or 2d"
        raise ConfigError(message)
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})


def _window(text: str, where: str) -> tuple[time, time]:
    try:
        start, end = text.split("-")
        return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError as error:
        message = f"{where}.blackout: '{text}' is no window; write 03:00-04:00"
        raise ConfigError(message) from error


def _guards(values: dict[str, str], where: str) -> Guards:
    try:
        return Guards(**{key: Decimal(value.removeprefix("x")) for key, value in values.items()})
    except (TypeError, InvalidOperation) as error:
        message = f"{where}: {values}: {error}; allowed are {', '.join(Guards.__struct_fields__)} with a number"
        raise ConfigError(message) from error
