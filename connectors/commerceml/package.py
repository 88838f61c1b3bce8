"""Which files belong together, and whether all of them are there."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from canonical_model.errors import RejectRecord
from connectors import xml
from connectors.archives import Member
from connectors.commerceml.records import ROOTS

# In the order in which the engine should meet them: what others refer to first.
SEGMENTS = (
    *("groups", "units", "pricelists", "storages", "propertiesgoods", "propertiesoffers"),
    *("import", "goods", "offers", "prices", "rests"),
)
_NAME = re.compile(
    rf"(?P<prefix>(?:.*[^a-z])?)(?P<segment>{'|'.join(SEGMENTS)})"
    r"(?P<numbers>\d{0,4}(?:_\d{1,4}){0,2})(?:_+[0-9a-f-]{8,})?\.xml"
)
_SECTION = re.compile("<(?:[^\\s<>/:]+:)?(Каталог|ПакетПредложений|ИзмененияПакетаПредложений)(\\s[^<>]*)?>".encode())
_CHANGES = re.compile("СодержитТолькоИзменения\\s*=\\s*[\"'](true|false|1|0)[\"']".encode())
_TAIL = 4096


class Place(msgspec.Struct, frozen=True, order=True):
    """What a name says: export it belongs to, segment, number of the catalogue, number of the part (from 1)."""

    export: str
    segment: str
    catalogue: int
    part: int


def place(name: str) -> Place:
    """Read a file's name; a name of no known kind is an export of its own."""
    *folders, base = name.lower().split("/")
    # 1C sorts files into `goods/`, `000000001/offers/1/`: these say nothing of the export.
    while folders and (folders[-1] in SEGMENTS or re.fullmatch(r"\d{1,3}|.*\.zip", folders[-1])):
        folders.pop()
    found = _NAME.fullmatch(base)
    if not found:
        return Place("/".join([*folders, base]), "", 0, 1)
    numbers = [int(number) for number in re.findall(r"\d+", found["numbers"])]
    if len(numbers) == 1:
        numbers = [0, *numbers] if found["numbers"].startswith("_") else [*numbers, 1]
    catalogue, part = (numbers[0], numbers[-1]) if numbers else (0, 1)
    return Place("/".join([*folders, found["prefix"]]), found["segment"], catalogue, part)


class Package(msgspec.Struct, frozen=True):
    """Files that merge together, in the order in which they should be read."""

    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        """The same for the same files: time of the newest and a digest of names, sizes and times."""
        newest = datetime.fromtimestamp(max(member.entry.mtime for member in self.members), UTC)
        facts = sorted((member.name, member.entry.size, member.entry.mtime) for member in self.members)
        return f"{newest:%Y%m%dT%H%M%SZ}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"

    def gap(self) -> str:
        """Which part is missing between others, "" when none is."""
        parts = defaultdict(set)
        for member in self.members:
            where = place(member.name)
            parts[where.segment, where.catalogue].add(where.part)
        for (segment, _), numbers in parts.items():
            if missing := set(range(1, max(numbers))) - numbers:
                return f"{segment}: part {min(missing)} of {max(numbers)} is missing"
        return ""


def group(members: Iterable[Member]) -> list[list[Package]]:
    """Sort files into packages: one list an export, oldest package first.

    The same place taken twice (3.1 gives each session's file a name of its own) means a further session: the n-th
    oldest file of each place belongs to the n-th package.
    """
    exports: dict[str, list[dict[Place, Member]]] = defaultdict(list)
    for member in sorted(members, key=lambda member: (member.entry.mtime, member.name)):
        where = place(member.name)
        sessions = exports[where.export]
        session = next((one for one in sessions if where not in one), None)
        if session is None:
            sessions.append(session := {})
        session[where] = member
    return [[Package(_in_order(session)) for session in sessions] for sessions in exports.values()]


def _in_order(session: dict[Place, Member]) -> tuple[Member, ...]:
    def rank(where: Place) -> tuple[int, int, int]:
        return SEGMENTS.index(where.segment) if where.segment else -1, where.catalogue, where.part

    return tuple(session[where] for where in sorted(session, key=rank))


class Facts(msgspec.Struct, frozen=True):
    """What a file shows without being cut.

    Attributes:
        unfinished: why it is not whole, "" when it is.
        broken: no waiting can help: empty, unreadable, or not CommerceML at all.
        sections: local names of `Каталог`, `ПакетПредложений` found.
        changes: they hold changes only (True), everything (False), or do not say (None).
    """

    unfinished: str = ""
    broken: bool = False
    sections: frozenset[str] = frozenset()
    changes: bool | None = None


def look(stream: BinaryIO, size: int, *, whole: bool = False) -> Facts:
    """Look at a file's head, its end, and its text up to the first section (`whole`: up to the end)."""
    stream.seek(0)
    try:
        head = xml.utf8_chunks(stream)[0]
    except RejectRecord:
        return Facts(broken=True)
    if not head.root:
        stream.seek(0)
        begun = stream.read(64)[head.bom :].lstrip(b"\0 \t\r\n").startswith(b"<") and size < xml.HEAD_BYTES
        return Facts("it ends before its first element") if begun else Facts(broken=True)
    if not xml.is_closed(stream, size, head):
        return Facts(f"half written: it does not end with </{head.root}>")
    if head.root not in ROOTS:
        return Facts(broken=True)
    stream.seek(0)
    try:
        return _sections(xml.utf8_chunks(stream)[1], whole)
    except RejectRecord:
        return Facts(broken=True)


def _sections(chunks: Iterable[bytes], whole: bool) -> Facts:
    found, flags, before = set(), set(), b""
    for chunk in chunks:
        for section in _SECTION.finditer(before + chunk):
            name, flag = section.group(1).decode(), _CHANGES.search(section.group(2) or b"")
            found.add(name)
            flags.add(name.startswith("Изменения") or (flag.group(1) in (b"true", b"1") if flag else None))
        if found and not whole:
            break
        before = chunk[-_TAIL:]
    return Facts(sections=frozenset(found), changes=None if flags - {True, False} or not flags else True in flags)


def judge(package: Package, *, halves_wanted: bool = True) -> tuple[bool, str]:
    """Whether a package is a full snapshot, and why it must be left alone for now ("" = take it).

    A full export is whole only with its goods and its offers; where that is not wanted, nothing is a snapshot.
    A broken file never gets better, so it is taken and refused with all that came with it.
    """
    facts = []
    for member in package.members:
        with member.open() as stream:
            facts.append(Facts(broken=True) if member.is_archive else look(stream, stream.seek(0, 2)))
    both = list(zip(package.members, facts, strict=True))
    if (
        why := "; ".join(f"{member.name}: {fact.unfinished}" for member, fact in both if fact.unfinished)
        or package.gap()
    ):
        return False, why
    said = [fact.changes for fact in facts if fact.sections]
    full = bool(said) and all(changes is False for changes in said)
    if not halves_wanted or not full or any(fact.broken for fact in facts):
        return False, ""
    halves = {half for member, fact in both for half in _halves(member, fact)}
    if halves == {"goods"} and _both_in_one(package):
        return True, ""
    names = ", ".join(member.name for member in package.members)
    missing = {"goods", "offers"} - halves if halves else set()
    return len(halves) == 2, f"{names}: a full export without its {missing.pop()}" if missing else ""


def _halves(member: Member, fact: Facts) -> set[str]:
    segment = place(member.name).segment
    if segment:
        return {"goods"} if segment in ("import", "goods") else {"offers"} if segment == "offers" else set()
    return {"goods" if name == "Каталог" else "offers" for name in fact.sections}


def _both_in_one(package: Package) -> bool:
    for member in package.members:
        with member.open() as stream:
            if "ПакетПредложений" in look(stream, stream.seek(0, 2), whole=True).sections:
                return True
    return False
