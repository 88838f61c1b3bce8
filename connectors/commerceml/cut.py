"""Cut a CommerceML document into records without parsing it: about 5 µs a product, in flat memory.

Every `<` outside comments, CDATA and processing instructions begins a tag, so where a window of text has none of these
a record ends at its first closing tag, provided that no tag of the same name opens inside it; both are checked.
Everything else goes token by token. What stands outside the records (the skeleton) is kept and parsed by lxml at the
end; the engine parses the records: together that is the whole document, so nothing ill-formed gets through. Documents
whose root carries a prefix are first written again by lxml without it.

A slice has no namespace, LF line ends, and is otherwise the source's own bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import numpy

from canonical_model.errors import RejectRecord
from connectors import archives, xml
from connectors.commerceml import records
from connectors.protocol import Raw

XML, ZIP = "application/xml", "application/zip"
MAX_RECORD = 16 << 20
MAX_SECTION = 64 << 20
MAX_MARKUP = 4 << 20
MIN_WINDOW = 4096

_TOKEN = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"""|<(/?)([^\s<>/!?="'][^\s<>/="']*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*?)(/?)>""",
    re.DOTALL,
)
_CHANGES = re.compile("СодержитТолькоИзменения\\s*=\\s*[\"']true[\"']".encode())
_MARK = "ПометкаУдаления>".encode()
_MARKED = re.compile("ПометкаУдаления>\\s*(?:true|1)".encode())


def cut(stream: str, body: BinaryIO, media: str) -> Iterator[Raw]:
    """Cut one landed file into records, in document order; pure.

    Raises:
        RejectRecord: the file is broken; raised at the latest when its end is reached, so the records of a file may
            be used only once all of them have been read.
    """
    if media == ZIP:
        # Archives are taken apart before they land; one that could not be comes here to be refused by name.
        for document in archives.unpacked(body):
            yield from cut(stream, document, XML)
        return
    head, chunks = xml.utf8_chunks(body, parsed_later=True)
    # Bytes that are not what the declaration says come before a root that cannot be read.
    chunks = chain([next(chunks, b"")], chunks)
    _refuse_foreign(head)
    try:
        yield from _Cutter(xml.unprefixed(chunks) if head.prefix else chunks, head).records()
    except UnicodeDecodeError as error:
        message = f"{error.object[:60]!r} is not {head.encoding}"
        raise RejectRecord(message) from None


def _refuse_foreign(head: xml.Head) -> None:
    if head.doctype:
        raise RejectRecord("a DOCTYPE before the root element is not accepted")
    if head.prefix and head.prefix not in head.namespaces:
        message = f"line 1: the prefix {head.prefix[:60]!r} of the root element is not declared"
        raise RejectRecord(message)
    if "\ufffd" in head.root:
        source = "which the file declares" if head.declared else "in which it is read"
        message = f"the root element is not {head.encoding}, {source}"
        raise RejectRecord(message)
    if head.root not in records.ROOTS:
        found = f"the root element is {head.root[:60]!r}" if head.root else "there is no XML element in it"
        message = f"not CommerceML: {found}, expected {' or '.join(sorted(records.ROOTS))} (read as {head.encoding})"
        raise RejectRecord(message)


class _Cutter:
    """A window over the text, the open elements outside records, and the skeleton."""

    def __init__(self, chunks: Iterator[bytes], head: xml.Head) -> None:
        self.chunks = chunks
        self.head = head
        self.text = b""
        self.pos = 0
        self.base = 0
        self.lines = 0
        self.special = self.marked = self.prefixed = False
        self.open: list[str] = []
        self.closed = False
        self.skeleton: list[bytes] = []
        self.skeleton_size = 0
        self.parted = head.attributes.get("ВерсияСхемы", "").startswith("3")
        prefixes = [name for name, uri in head.namespaces.items() if name and not uri.endswith("/XMLSchema")]
        self.prefixes = [b"xmlns", *(f"{name}:".encode() for name in prefixes)]

    def more(self) -> bool:
        """Drop what is done with and append as much as is left, so that a long element costs no more than its length.

        False at the end of the text.
        """
        fresh = bytearray()
        wanted = len(self.text) - self.pos
        while len(fresh) <= wanted and (chunk := next(self.chunks, None)) is not None:
            fresh += chunk
        if not fresh:
            return False
        self.lines += int(numpy.count_nonzero(numpy.frombuffer(fresh, numpy.uint8) == 10))
        self.base += self.pos
        self.text = text = self.text[self.pos :] + fresh
        self.pos = 0
        # memchr for the rare byte first: most windows have neither.
        self.special = (b"!" in text and b"<!" in text) or (b"?" in text and b"<?" in text)
        self.marked = _MARK in text and _MARKED.search(text) is not None
        self.prefixed = any(prefix[:1] in text and prefix in text for prefix in self.prefixes)
        return True

    def line(self, pos: int) -> int:
        """Number of the line at `pos` of the window, from 1."""
        return 1 + self.lines - self.text.count(b"\n", pos)

    def refuse(self, what: str) -> RejectRecord:
        """The error for something at the window's place."""
        return RejectRecord(f"line {self.line(self.pos)}: {what}")

    def records(self) -> Iterator[Raw]:
        """All records; checks the skeleton at the end."""
        while token := self._token():
            end = token.group(1) is not None and token.group(1) == b"/"
            name = token.group(2).decode() if token.group(2) else ""
            if not name or end:
                self._pass(token.end())
                if end:
                    self._close(name, token.start())
                continue
            where = records.layout(self.open, name)
            if where == records.RECORD:
                yield from self._one(name, token)
            elif where == records.GROUPS and not token.group(4):
                yield from self._groups(token)
            else:
                self._open(name, token)
                if not token.group(4) and records.layout(self.open, records.CONTAINERS.get(name, "")) == records.RECORD:
                    yield from self._many(records.CONTAINERS[name])
        self._finish()

    def _pass(self, end: int) -> None:
        """Move over text that belongs to the skeleton."""
        piece = self.text[self.pos : end]
        self.pos = end
        self.skeleton_size += len(piece)
        if self.skeleton_size > MAX_SECTION:
            msg = f"more than {MAX_SECTION} bytes outside records"
            raise self.refuse(msg)
        self.skeleton.append(piece)

    def _token(self) -> re.Match[bytes] | None:
        """The next markup outside records; text before it goes to the skeleton."""
        while True:
            start = self.text.find(b"<", self.pos)
            if start >= 0:
                self._pass(start)
                if found := _TOKEN.match(self.text, start):
                    return found
                if self.text.startswith(b"<!DOCTYPE", start):
                    raise self.refuse("a DOCTYPE is not accepted")
                if len(self.text) - start > MAX_MARKUP or not self.more():
                    inside = f" inside <{self.open[-1]}>" if self.open else ""
                    msg = f"broken or unfinished markup{inside}"
                    raise self.refuse(msg)
            else:
                self._pass(len(self.text))
                if not self.more():
                    return None

    def _open(self, name: str, token: re.Match[bytes]) -> None:
        if self.closed:
            msg = f"a second root element <{name}> after the document's end"
            raise self.refuse(msg)
        if len(self.open) > xml.MAX_DEPTH:
            msg = f"elements nested deeper than {xml.MAX_DEPTH}"
            raise self.refuse(msg)
        self.parted = self.parted or _CHANGES.search(token.group(3)) is not None
        self._pass(token.end())
        if not token.group(4):
            self.open.append(name)
        elif not self.open:
            self.closed = True

    def _close(self, name: str, start: int) -> None:
        if not self.open or self.open[-1] != name:
            inside = f"<{self.open[-1]}> is open" if self.open else "nothing is open"
            msg = f"</{name}> closes nothing: {inside}"
            raise self.refuse(msg)
        self.open.pop()
        self.closed = not self.open

    def _finish(self) -> None:
        if self.open:
            msg = f"the file is truncated: it ends inside <{'><'.join(self.open)}>"
            raise self.refuse(msg)
        try:
            xml.parse(b"".join(xml.without_declaration(iter([b"".join(self.skeleton)]))))
        except RejectRecord as refused:
            message = f"outside records (their lines not counted): {refused.reason}"
            raise RejectRecord(message) from None

    def _many(self, kind: str) -> Iterator[Raw]:
        """The quick way through a container: as long as one record follows another."""
        opening, closing = f"<{kind}".encode(), f"</{kind}>".encode()
        begin = re.compile(
            rb"\s*(" + opening + rb"""(\s(?:[^<>"']|"[^"<]*"|'[^'<]*')*)?>\s*""" + "<Ид>([^<]*)</Ид>)".encode()
        )
        width, after, match = len(closing), len(opening), begin.match
        simple = kind != "Предложение" or not self.parted
        while True:
            found = match(self.text, self.pos)
            end = self.text.find(closing, found.end()) if found and not self.special else -1
            if end < 0 or found is None:
                # Not simple: the tokens decide. Not at hand: once more with more text.
                enough = MAX_RECORD if found else MIN_WINDOW
                if self.special or len(self.text) - self.pos > enough or not self.more():
                    return
                continue
            start = found.start(1)
            if self.text.find(opening, start + after, end) >= 0:
                return
            body = self.text[start : end + width]
            self.pos = end + width
            own = found.group(3)
            # The usual record needs no further look.
            if simple and not (self.marked or self.prefixed or found.group(2) or b"&" in own):
                yield Raw(kind, own.decode(), body, self.base + start)
            else:
                yield self._raw(kind, body, self.base + start, found.group(2))

    def _one(self, kind: str, token: re.Match[bytes]) -> Iterator[Raw]:
        """One record, token by token."""
        at, line = self.base + token.start(), self.line(token.start())
        body = self._element(kind, MAX_RECORD)
        try:
            yield self._raw(kind, body, at, token.group(3))
        except RejectRecord as refused:
            message = f"in <{kind}> that begins on line {line}: {refused.reason}"
            raise RejectRecord(message) from None
        if self.open and records.CONTAINERS.get(self.open[-1]) == kind:
            yield from self._many(kind)

    def _groups(self, token: re.Match[bytes]) -> Iterator[Raw]:
        """The tree of groups: parsed whole, because a group nests in a group."""
        at, line = self.base + token.start(), self.line(token.start())
        section = self._element(records.GROUPS, MAX_SECTION)
        try:
            tree = xml.parse(records.plain(section, self.head.namespaces))
        except RejectRecord as refused:
            message = f"in <{records.GROUPS}> that begins on line {line}: {refused.reason}"
            raise RejectRecord(message) from None
        yield from records.flat_groups(tree, at)

    def _element(self, name: str, limit: int) -> bytes:
        """The whole element that begins at the window's place, same-named ones inside it included."""
        own = re.compile(
            rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|(<[!?])|<(/?)"
            + name.encode()
            + rb"""(?=[\s/>])((?:[^<>"']|"[^"<]*"|'[^'<]*')*?)(/?)>""",
            re.DOTALL,
        )
        while True:
            depth = 0
            for token in own.finditer(self.text, self.pos):
                if token.group(1):
                    break
                if token.group(3) is None:
                    continue
                depth += 0 if token.group(4) else -1 if token.group(2) else 1
                if depth <= 0:
                    body = self.text[self.pos : token.end()]
                    self.pos = token.end()
                    return body
            if len(self.text) - self.pos > limit:
                msg = f"<{name}> is larger than {limit} bytes or is never closed"
                raise self.refuse(msg)
            if not self.more():
                msg = f"the file is truncated: it ends inside the <{name}> that begins here"
                raise self.refuse(msg)

    def _raw(self, kind: str, body: bytes, at: int, attributes: bytes | None) -> Raw:
        if self.prefixed and any(prefix in body for prefix in self.prefixes):
            body = records.plain(body, self.head.namespaces)
        gone = bool(attributes or self.marked) and records.is_gone(body, attributes, self.marked)
        part = records.part_of(body) if self.parted and kind == "Предложение" else ""
        return Raw(kind, records.own_id(body), body, at, gone, part)
