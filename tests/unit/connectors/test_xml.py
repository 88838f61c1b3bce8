import io

import pytest

from canonical_model.errors import RejectRecord
from connectors import xml

TEXT = '<?xml version="1.0" encoding="{}"?>\r\n<к:Корень xmlns:к="urn:x" ВерсияСхемы="3.1"><б>ёж</б>\r</к:Корень>'


def encoded(encoding):
    return TEXT.format(encoding.removesuffix("-sig")).encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "read_as", "bom"),
    [
        ("utf-8", "utf-8", 0),
        ("utf-8-sig", "utf-8", 3),
        ("windows-1251", "cp1251", 0),
        ("utf-16", "utf-16-le", 2),
        ("koi8-r", "koi8-r", 0),
    ],
)
def test_head_and_text_in_each_encoding(encoding, read_as, bom):
    head, chunks = xml.utf8_chunks(io.BytesIO(encoded(encoding)))
    assert b"".join(chunks).decode() == TEXT.format(encoding.removesuffix("-sig")).replace("\r\n", "\n").replace(
        "\r", "\n"
    )
    assert (head.encoding, head.bom, head.root, head.prefix) == (read_as, bom, "Корень", "к")
    assert head.namespaces == {"к": "urn:x"}
    assert head.attributes == {"ВерсияСхемы": "3.1"}
    assert xml.check_document(io.BytesIO(encoded(encoding))) == head


def test_utf_16_without_byte_order_mark_is_recognised():
    data = '<?xml version="1.0"?><a>ё</a>'
    for encoding in ("utf-16-le", "utf-16-be"):
        assert xml.sniff(data.encode(encoding)).encoding == encoding


def test_a_document_without_declaration_is_utf_8():
    assert xml.sniff("<а/>".encode()).root == "а"


def test_comments_and_instructions_before_the_root_are_passed_over():
    assert xml.sniff(b"<?x <q>?><!-- <z> <!DOCTYPE y> --><a b='1'>") == xml.Head(
        "utf-8", "", 0, "a", "", {}, {"b": "1"}, False
    )


BROKEN = {
    "empty": (b"", "empty"),
    "truncated": (b"<a><b>\n", r"line \d, column \d+: Premature end"),
    "two roots": (b"<a/>\n<b/>", r"line 2, column \d+: Extra content"),
    "mismatch": (b"<a>\n<b></a>", r"line 2, column \d+: Opening and ending tag mismatch: b"),
    "DOCTYPE": (b"<!DOCTYPE a><a/>", "DOCTYPE"),
    "entities": (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "DOCTYPE"),
    "undefined entity": (b"<a>&nbsp;</a>", "nbsp"),
    "wrong encoding": ('<?xml version="1.0" encoding="utf-8"?><a>ё</a>'.encode("cp1251"), "byte 41|Invalid bytes"),
    "ends inside a character": ("<a>ё".encode()[:-1], "utf-8|UTF-8"),
    "control character": (b"<a>\x01</a>", r"U\+0001|Char value 1"),
    "not XML": (b"hello", "Start tag expected"),
    "no root": (b"<!-- x -->", "Document is empty|Start tag expected|element"),
    "many attributes": (b"<a " + b" ".join(b'a%d="1"' % n for n in range(1001)) + b"/>", "1001 attributes"),
    "deep": (b"<a>" * 300 + b"</a>" * 300, "deeper|depth"),
}


@pytest.mark.parametrize("read", [xml.parse, lambda data: xml.check_document(io.BytesIO(data))], ids=["parse", "check"])
@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_wrong_is_named(read, data, reason):
    with pytest.raises(RejectRecord, match=reason) if data else pytest.raises(RejectRecord):
        read(data)


def test_a_text_of_eleven_megabytes_is_refused():
    with pytest.raises(RejectRecord):
        xml.parse(b"<a>" + b"x" * (11 << 20) + b"</a>")


def test_more_bytes_than_the_limit_are_refused():
    with pytest.raises(RejectRecord, match="larger than 1000000 bytes"):
        b"".join(xml.utf8_chunks(io.BytesIO(b"<a>" + b"x" * (2 << 20)), limit=1_000_000)[1])


def test_a_doctype_in_a_text_is_no_doctype():
    assert xml.parse(b"<a><![CDATA[<!DOCTYPE html>]]></a>").text == "<!DOCTYPE html>"


def test_no_file_and_no_network_is_opened(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    body = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><a>&x;</a>'.encode()
    with pytest.raises(RejectRecord):
        xml.parse(body)


def test_a_slice_that_does_not_parse_costs_only_itself():
    slices = [b"<a>%d</a>" % number for number in range(50)]
    slices[7] = b"<a><b></a>"
    slices[20] = b"<a></a><a></a>"
    slices[21] = b"</r><r>"
    found = xml.parse_slices(slices)
    assert [at for at, one in enumerate(found) if isinstance(one, RejectRecord)] == [7, 20, 21]
    assert [one.text for one in found if not isinstance(one, RejectRecord)][:3] == ["0", "1", "2"]
    assert xml.parse_slices([]) == []


def test_prefixes_are_written_away():
    data = b'<c:a xmlns:c="u" xmlns="v" c:x="&lt;&quot;"><b>1 &amp; <![CDATA[<2>]]></b><!-- z --></c:a>'
    written = b"".join(xml.unprefixed([data[:20], data[20:]]))
    assert written == b"<a x='&lt;\"'><b>1 &amp; &lt;2&gt;</b></a>"
    with pytest.raises(RejectRecord, match="mismatch"):
        list(xml.unprefixed([b"<c:a xmlns:c='u'></c:b>"]))


@pytest.mark.parametrize(
    ("data", "closed"),
    [
        (b"<a><b/></a>", True),
        (b"<a><b/></a> \n<!-- end -->\n\0\0", True),
        (b"<a/>", True),
        (b"<a><b/></a", False),
        (b"<a><b></b>", False),
        ("<a>ё</a>".encode("utf-16"), True),
    ],
    ids=["plain", "comment and padding after it", "self-closing", "in the last tag", "before it", "UTF-16"],
)
def test_whether_the_last_tag_closes_the_root(data, closed):
    assert xml.is_closed(io.BytesIO(data), len(data), xml.sniff(data)) is closed
