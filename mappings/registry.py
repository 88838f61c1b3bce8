"""Finds mapping files: `mappings/<system kind>/<record kind>.in.yml` and `<document>.out.yml`."""

from __future__ import annotations

import hashlib
import importlib
from functools import cache
from pathlib import Path

from canonical_model.errors import ConfigError
from mappings.grammar import load
from mappings.mapping import Mapping
from mappings.outward import OutMapping, load_out

HERE = Path(__file__).parent


def _folder(system_kind: str) -> Path:
    folder = HERE / system_kind
    if not system_kind.isidentifier() or not folder.is_dir():
        known = ", ".join(sorted(p.name for p in HERE.iterdir() if p.is_dir() and not p.name.startswith("_")))
        msg = f"no mappings for {system_kind!r}; there are: {known}"
        raise ConfigError(msg)
    if (folder / "converters.py").exists():
        importlib.import_module(f"mappings.{system_kind}.converters")
    return folder


@cache
def inbound(system_kind: str, kind: str) -> Mapping:
    """Return the mapping of one record kind.

    Raises:
        ConfigError: there is none, or its file is wrong.
    """
    if kind not in inbound_kinds(system_kind):
        msg = f"{system_kind} has no mapping for {kind!r}; there are: {', '.join(inbound_kinds(system_kind))}"
        raise ConfigError(msg)
    return Mapping(load(_folder(system_kind) / f"{kind}.in.yml"))


@cache
def inbound_kinds(system_kind: str) -> tuple[str, ...]:
    """Return the record kinds that have a mapping."""
    return tuple(sorted(p.name.removesuffix(".in.yml") for p in _folder(system_kind).glob("*.in.yml")))


@cache
def outbound(system_kind: str, document: str) -> OutMapping:
    """Return the mapping of one target document kind.

    Raises:
        ConfigError: there is none, or its file is wrong.
    """
    path = _folder(system_kind) / f"{document}.out.yml"
    if not path.exists():
        msg = f"{system_kind} has no document {document!r}; there are: {', '.join(documents(system_kind))}"
        raise ConfigError(msg)
    return load_out(path)


@cache
def documents(system_kind: str) -> tuple[str, ...]:
    """Return the target's document kinds, each after those that it refers to.

    Raises:
        ConfigError: they refer to each other in a circle, or to one that does not exist.
    """
    after = {p.name.removesuffix(".out.yml"): load_out(p).after for p in sorted(_folder(system_kind).glob("*.out.yml"))}
    ordered: list[str] = []
    while len(ordered) < len(after):
        ready = [name for name, first in after.items() if name not in ordered and set(first) <= set(ordered)]
        if not ready:
            msg = f"{system_kind}: the order of {', '.join(set(after) - set(ordered))} is not possible"
            raise ConfigError(msg)
        ordered.append(ready[0])
    return tuple(ordered)


@cache
def version(system_kind: str) -> str:
    """Return a digest of all that decides what the system's records mean; it changes when their meaning may change."""
    digest = hashlib.sha256()
    shared = list(HERE.glob("*.py")) + list((HERE.parent / "canonical_model").rglob("*.[pc][ys]*"))
    for path in sorted([*_folder(system_kind).iterdir(), *shared]):
        if path.is_file() and path.suffix in (".py", ".yml", ".csv"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
