"""The one door through which XML enters: no DTD, no entities, no network, no recovery, and caps on everything.

Bytes are decoded to UTF-8 first (`utf8_chunks`), so that a wrong encoding declaration is found here and never becomes
half a file; records are parsed one by one or in lumps (`parse`, `parse_slices`); a whole document is checked in flat
memory (`check_document`). Whatever is wrong is a RejectRecord that names the place.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

import msgspec
import numpy
from lxml import etree

from canonical_model.errors import RejectRecord

MAX_DEPTH = 256
MAX_ATTRIBUTES = 1000
MAX_BYTES = 4 << 30
"""A document larger than this is refused; one record is further limited by libxml2 itself (10 MB a text)."""

CHUNK = 1 << 16
"""Larger chunks leave the processor's cache and the allocator's arenas: decoding takes twice as long at 256 KiB."""
HEAD_BYTES = 1 << 16
_TAIL = 4096

# What XML 1.0 forbids and strict decoding lets through: controls other than tab, LF and CR, U+FFFE, U+FFFF.
_ILLEGAL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_DECLARED = re.compile(r"""^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ROOT = re.compile(r"""<([^\s<>/!?]+)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r"""([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_DECLARATION = re.compile(
    rb"""<\?xml\s+version\s*=\s*(?:"1\.[0-9]+"|'1\.[0-9]+')"""
    rb"""(?:\s+encoding\s*=\s*(?:"[A-Za-z][A-Za-z0-9._-]*"|'[A-Za-z][A-Za-z0-9._-]*'))?"""
    rb"""(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>"""
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ENCODINGS = {"utf-8", "ascii", "cp1251", "cp866", "koi8-r", "iso8859-5", "utf-16", "utf-16-le", "utf-16-be"}


class Head(msgspec.Struct, frozen=True):
    """What the first bytes of a document say.

    Attributes:
        encoding: Python's name of the encoding that the bytes are read in.
        declared: encoding of the XML declaration, "" without one.
        bom: number of bytes of the byte order mark.
        root: local name of the root element, "" when none stands in the first 64 KiB.
        prefix: prefix of the root element, "" without one.
        namespaces: prefix ("" = default) to URI, as on the root element.
        attributes: the root's other attributes (`ВерсияСхемы`, `ДатаФормирования`).
        doctype: a DOCTYPE stands before the root.
    """

    encoding: str
    declared: str
    bom: int
    root: str
    prefix: str
    namespaces: dict[str, str]
    attributes: dict[str, str]
    doctype: bool


def sniff(first: bytes) -> Head:
    """Read the head of a document from its first bytes (64 KiB are plenty).

    Raises:
        RejectRecord: the declared encoding is unknown or not accepted.
    """
    bom, encoding = next(((len(mark), name) for mark, name in _BOMS if first.startswith(mark)), (0, ""))
    if not encoding and first[:4] in (b"<\0?\0", b"\0<\0?"):
        encoding = "utf-16-le" if first[0] else "utf-16-be"
    text = first[bom:HEAD_BYTES].decode(encoding or "latin-1", "replace")
    declared = match.group(1) if (match := _DECLARED.search(text)) else ""
    encoding = encoding or _known(declared or "utf-8")
    text = first[bom:HEAD_BYTES].decode(encoding, "replace")
    before = re.sub(r"<!--.*?(-->|$)|<\?.*?(\?>|$)", lambda gap: " " * len(gap.group()), text, flags=re.DOTALL)
    tag = _ROOT.search(before)
    doctype = "<!DOCTYPE" in before[: tag.start() if tag else None]
    if not tag:
        return Head(encoding, declared, bom, "", "", {}, {}, doctype)
    prefix, _, root = tag.group(1).rpartition(":")
    namespaces, attributes = {}, {}
    for name, double, single in _ATTRIBUTE.findall(tag.group(2)):
        if name == "xmlns" or name.startswith("xmlns:"):
            namespaces[name[6:]] = double or single
        else:
            attributes[name] = double or single
    return Head(encoding, declared, bom, root, prefix, namespaces, attributes, doctype)


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    if found not in _ENCODINGS:
        message = f"encoding {name[:40]!r} is not one of {', '.join(sorted(_ENCODINGS))}"
        raise RejectRecord(message)
    return found


def utf8_chunks(
    stream: BinaryIO, limit: int = MAX_BYTES, *, parsed_later: bool = False
) -> tuple[Head, Iterator[bytes]]:
    """Head of a document and its text as UTF-8 without byte order mark, line ends as LF, in chunks of about 64 KiB.

    `parsed_later`: UTF-8 is passed on unread, because every byte of it goes through a parser afterwards, which refuses
    the same things; reading all of it twice is a tenth of a night.

    Raises:
        RejectRecord: empty, unknown encoding; while iterating: bytes that are not in the declared encoding, characters
            that XML forbids, more than `limit` bytes; the message names the byte offset in the document.
    """
    first = stream.read(HEAD_BYTES)
    if not first.strip(b"\0 \t\r\n"):
        raise RejectRecord("the file is empty" if not first else "the file holds nothing but blanks")
    head = sniff(first)
    chunks = _raw_chunks(first[head.bom :], stream, limit)
    if parsed_later and head.encoding == "utf-8":
        return head, _with_line_feeds(chunks)
    return head, _decoded(chunks, head)


def _raw_chunks(first: bytes, stream: BinaryIO, limit: int) -> Iterator[bytes]:
    size = len(first)
    yield first
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > limit:
            message = f"larger than {limit} bytes"
            raise RejectRecord(message)
        yield chunk


def _decoded(chunks: Iterator[bytes], head: Head) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(head.encoding)("strict")
    is_utf8 = head.encoding == "utf-8"
    offset, pending = head.bom, b""
    while True:
        chunk = next(chunks, b"")
        kept = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            place = offset - kept + error.start
            source = "which the file declares" if head.declared else "in which it is read"
            message = f"byte {place} is not {head.encoding}, {source}{'' if chunk else ': it ends inside a character'}"
            raise RejectRecord(message) from None
        out = pending + (chunk if is_utf8 else text.encode())
        # A CR at the very end waits for the LF that may follow.
        pending = b"\r" if out.endswith(b"\r") and chunk else b""
        out = out[:-1] if pending else out
        if b"\r" in out:
            out = out.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        _refuse_illegal(out, offset)
        offset += len(chunk)
        if out:
            yield out
        if not chunk:
            return


def _with_line_feeds(chunks: Iterator[bytes]) -> Iterator[bytes]:
    pending = b""
    for chunk in chunks:
        out = pending + chunk
        # A CR at the very end waits for the LF that may follow.
        pending = b"\r" if out.endswith(b"\r") else b""
        out = out[:-1] if pending else out
        yield out.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in out else out
    if pending:
        yield b"\n"


def _refuse_illegal(chunk: bytes, offset: int) -> None:
    # A few passes of numpy cost a tenth of a character class; LF and tab are the only controls left by now.
    codes = numpy.frombuffer(chunk, numpy.uint8)
    controls = codes < 32
    controls &= codes != 10
    controls &= codes != 9
    if b"\xef\xbf" not in chunk and not controls.any():
        return
    if found := _ILLEGAL.search(chunk):
        code = ord(found.group().decode())
        message = f"character U+{code:04X} at about byte {offset + found.start()} is not allowed in XML"
        raise RejectRecord(message)


def parser() -> etree.XMLParser:
    """A parser with every door closed; comments and processing instructions are dropped."""
    return etree.XMLParser(**_CLOSED)


_CLOSED: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "recover": False,
    "remove_comments": True,
    "remove_pis": True,
}


def parse(body: bytes) -> etree._Element:
    """Parse one record or one small document.

    Raises:
        RejectRecord: not well-formed, a DOCTYPE, too deep, too many attributes.
    """
    try:
        root = etree.fromstring(body, parser())
    except etree.XMLSyntaxError as error:
        raise _undecodable(body) or refusal(error) from None
    if b"<!DOCTYPE" in body and root.getroottree().docinfo.internalDTD is not None:
        raise RejectRecord("a DOCTYPE is not accepted")
    if body.count(b"=") > MAX_ATTRIBUTES:
        _refuse_attributes(root)
    return root


def _undecodable(body: bytes) -> RejectRecord | None:
    """The refusal of bytes that are not UTF-8; lxml's own says less."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return RejectRecord(f"byte {error.start} is not utf-8, in which it is read")
    return None


def _refuse_attributes(root: etree._Element) -> None:
    for element in root.iter():
        if len(element.attrib) > MAX_ATTRIBUTES:
            message = f"line {element.sourceline}: {len(element.attrib)} attributes, at most {MAX_ATTRIBUTES}"
            raise RejectRecord(message)


def parse_slices(bodies: Sequence[bytes]) -> list[etree._Element | RejectRecord]:
    """Parse record slices in one go (about 200 are best); a slice that is not well-formed costs only itself."""
    try:
        found: list[etree._Element | RejectRecord] = list(parse(b"<r>" + b"".join(bodies) + b"</r>"))
    except RejectRecord as refused:
        if len(bodies) == 1:
            return [refused]
        found = []
    if len(found) == len(bodies):
        return found
    if len(bodies) == 1:
        return [RejectRecord("the slice is not exactly one element")]
    half = len(bodies) // 2
    return parse_slices(bodies[:half]) + parse_slices(bodies[half:])


def refusal(error: etree.XMLSyntaxError) -> RejectRecord:
    """The RejectRecord for lxml's error: line, column and what is wrong."""
    line, column = error.position
    what = (error.msg or "not well-formed").split(", line ")[0].strip()
    if character := re.search(r"Char (?:value (\d+)|0x([0-9A-Fa-f]+))", what):
        code = int(character[1]) if character[1] else int(character[2], 16)
        what = f"the character U+{code:04X}, which XML forbids"
    return RejectRecord(f"line {line}, column {column}: {what}")


class _Nothing:
    """A parser target that counts depth and attributes and keeps nothing."""

    depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = f"elements nested deeper than {MAX_DEPTH}"
            raise RejectRecord(message)
        if len(attributes) > MAX_ATTRIBUTES:
            message = f"{len(attributes)} attributes in one element, at most {MAX_ATTRIBUTES}"
            raise RejectRecord(message)

    def end(self, tag: str) -> None:
        self.depth -= 1

    def doctype(self, *_: object) -> None:
        raise RejectRecord("a DOCTYPE is not accepted")

    def close(self) -> None:
        """Nothing was kept."""


def check_document(stream: BinaryIO) -> Head:
    """Check a whole document for being well-formed, in flat memory, and return its head.

    Raises:
        RejectRecord: naming line and column and what is wrong: truncated, two roots, wrong encoding, illegal
            characters, DOCTYPE, empty, too deep.
    """
    head, chunks = utf8_chunks(stream)
    if head.doctype:
        raise RejectRecord("a DOCTYPE is not accepted")
    nothing: Any = _Nothing()
    feed = etree.XMLParser(target=nothing, **_CLOSED)
    try:
        for chunk in without_declaration(chunks):
            feed.feed(chunk)
        feed.close()
    except etree.XMLSyntaxError as error:
        raise refusal(error) from None
    return head


def _local(name: str) -> str:
    return name.rpartition("}")[2]


class _Rewriter:
    """A parser target that writes the document again without namespaces, prefixes, comments and CDATA."""

    def __init__(self) -> None:
        self.out: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        written = (f" {_local(name)}={quoteattr(value)}" for name, value in attributes.items())
        self.out.append(f"<{_local(tag)}{''.join(written)}>")

    def end(self, tag: str) -> None:
        self.out.append(f"</{_local(tag)}>")

    def data(self, text: str) -> None:
        self.out.append(escape(text))

    def close(self) -> None:
        """Everything was taken already."""

    def take(self) -> bytes:
        text = "".join(self.out)
        self.out.clear()
        return text.encode()


def unprefixed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A document in UTF-8 written again without namespaces, for the rare one whose tags carry prefixes.

    Raises:
        RejectRecord: not well-formed.
    """
    rewriter: Any = _Rewriter()
    feed = etree.XMLParser(target=rewriter, **_CLOSED)
    try:
        for chunk in without_declaration(chunks):
            feed.feed(chunk)
            yield rewriter.take()
        feed.close()
    except etree.XMLSyntaxError as error:
        raise refusal(error) from None
    yield rewriter.take()


def is_closed(stream: BinaryIO, size: int, head: Head) -> bool:
    """The document's last tag closes its root: what a file shows that was written to its end."""
    stream.seek(max(0, (size - _TAIL) // 4 * 4))
    tail = stream.read(2 * _TAIL).decode(head.encoding, "ignore")
    name = re.escape(f"{head.prefix}:{head.root}" if head.prefix else head.root)
    return re.search(rf"(</{name}\s*>|<{name}[^<>]*/>)(\s|\0|<!--.*?-->|<\?.*?\?>)*$", tail, re.DOTALL) is not None


def without_declaration(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks without their XML declaration, whose encoding no longer holds; its line stays, so lines agree."""
    iterator = iter(chunks)
    first = next(iterator, b"")
    found = _DECLARATION.match(first)
    yield b"\n" * found.group().count(b"\n") + first[found.end() :] if found else first
    yield from iterator
