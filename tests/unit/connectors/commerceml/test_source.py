import io
import os
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from canonical_model.errors import ConfigError, RejectRecord, RetryLater
from connectors.commerceml import source as commerceml
from connectors.commerceml.package import place
from connectors.folders import LocalFolder, quiet
from connectors.protocol import Connection

SAMPLES = Path(__file__).parents[5] / "shared/specs/commerceml/samples"


def document(section="Каталог", changes="false", body=""):
    flag = f' СодержитТолькоИзменения="{changes}"' if changes else ""
    return f"<КоммерческаяИнформация><{section}{flag}><Ид>к</Ид>{body}</{section}></КоммерческаяИнформация>".encode()


GOODS = document(body="<Товары><Товар><Ид>1</Ид></Товар></Товары>")
OFFERS = document("ПакетПредложений", body="<Предложения><Предложение><Ид>1</Ид></Предложение></Предложения>")
CHANGES = document("ПакетПредложений", "true")


def put(folder, name, data=b"", age=100.0):
    """A file as it lies there since `age` seconds."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def opened(root, **options):
    connection = Connection("erp_1c", extra={"folder": str(root)})
    return commerceml.open_source(connection, {"settle": "0"} | options, None)


def pull(root, stream="catalogue", **options):
    return [(blob.name, blob.last, blob.snapshot) for blob in opened(root, **options).pull(stream, None)]


def names(root, **options):
    return [name for name, _, _ in pull(root, **options)]


def test_a_full_export_is_one_snapshot_in_reading_order(tmp_path):
    put(tmp_path, "offers0_1.xml", OFFERS)
    put(tmp_path, "import0_2.xml", GOODS)
    put(tmp_path, "import0_1.xml", GOODS)
    assert pull(tmp_path) == [
        ("import0_1.xml", False, True),
        ("import0_2.xml", False, True),
        ("offers0_1.xml", True, True),
    ]


def test_a_blob_tells_what_it_is(tmp_path):
    put(tmp_path, "import.xml", GOODS)
    put(tmp_path, "offers.xml", OFFERS)
    blobs = []
    for blob in opened(tmp_path).pull("catalogue", None):
        blobs.append((blob, blob.body.read()))
    assert [body for _, body in blobs] == [GOODS, OFFERS]
    assert {blob.media for blob, _ in blobs} == {"application/xml"}
    assert {blob.stream for blob, _ in blobs} == {"catalogue"}
    assert len({blob.package for blob, _ in blobs}) == 1


def test_the_packages_name_depends_on_its_files_alone(tmp_path):
    put(tmp_path, "import.xml", GOODS)
    path = put(tmp_path, "offers.xml", OFFERS)
    [first, again] = [{blob.package for blob in opened(tmp_path).pull("catalogue", None)} for _ in range(2)]
    os.utime(path, (1, 1))
    other = {blob.package for blob in opened(tmp_path).pull("catalogue", None)}
    assert first == again != other


SEGMENTS = ("rests", "prices", "offers", "goods", "propertiesGoods", "storages", "priceLists", "units", "groups")


def test_segments_of_3_1_come_in_order_whatever_their_folders(tmp_path):
    for segment in SEGMENTS:
        name = f"webdata/000000001/{segment}/1/{segment}_1_1_6a1a8235-d7e8-41d9-9ba0-748c4d67d65e.xml"
        put(tmp_path, name, CHANGES)
    found = names(tmp_path)
    assert [name.split("/")[2] for name in found] == [
        *("groups", "units", "priceLists", "storages", "propertiesGoods", "goods", "offers", "prices", "rests")
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("import.xml", ("", "import", 0, 1)),
        ("import0_1.xml", ("", "import", 0, 1)),
        ("Offers1_12.XML", ("", "offers", 1, 12)),
        ("goods_1_2_6a1a8235-d7e8-41d9-9ba0-748c4d67d65e.xml", ("", "goods", 1, 2)),
        ("goods/goods_1_2_6a1a8235.xml", ("", "goods", 1, 2)),
        ("import___6a1a8235-d7e8-41d9-9ba0-748c4d67d65e.xml", ("", "import", 0, 1)),
        ("prices_2.xml", ("", "prices", 0, 2)),
        ("import_20261123.xml", ("", "import", 0, 1)),
        ("shop_import0_1.xml", ("shop_", "import", 0, 1)),
        ("a/000000003/offers/1/offers0_1.xml", ("a/000000003", "offers", 0, 1)),
        ("webdata.zip/import0_1.xml", ("", "import", 0, 1)),
        ("classifier.xml", ("classifier.xml", "", 0, 1)),
    ],
)
def test_what_a_name_says(name, expected):
    where = place(name)
    assert (where.export.strip("/"), where.segment, where.catalogue, where.part) == expected


def test_a_file_of_unknown_name_is_a_package_of_its_own(tmp_path):
    put(tmp_path, "classifier.xml", "<Классификатор><Ид>1</Ид></Классификатор>".encode())
    put(tmp_path, "notes.txt", b"x")
    assert pull(tmp_path) == [("classifier.xml", True, False)]


def test_one_file_with_both_halves_is_a_snapshot(tmp_path):
    both = GOODS.replace("</КоммерческаяИнформация>".encode(), OFFERS.removeprefix("<КоммерческаяИнформация>".encode()))
    put(tmp_path, "import.xml", both)
    assert pull(tmp_path) == [("import.xml", True, True)]


@pytest.mark.parametrize("flag", ["true", ""], ids=["changes only", "does not say"])
def test_without_a_plain_no_to_changes_only_nothing_may_be_taken_for_deleted(tmp_path, flag):
    put(tmp_path, "import.xml", document(changes=flag))
    assert pull(tmp_path) == [("import.xml", True, False)]


def test_a_full_export_of_prices_alone_is_no_snapshot(tmp_path):
    put(tmp_path, "prices_1_1.xml", OFFERS)
    assert pull(tmp_path) == [("prices_1_1.xml", True, False)]


LEFT_ALONE = {
    "goods without offers": ({"import0_1.xml": GOODS}, "import0_1.xml: a full export without its offers"),
    "offers without goods": ({"offers0_1.xml": OFFERS}, "offers0_1.xml: a full export without its goods"),
    "a part is missing": (
        {"import0_1.xml": GOODS, "import0_3.xml": GOODS, "offers0_1.xml": OFFERS},
        "import: part 2 of 3 is missing",
    ),
    "half written": (
        {"import0_1.xml": GOODS[:-20], "offers0_1.xml": OFFERS},
        "import0_1.xml: half written: it does not end with </КоммерческаяИнформация>",
    ),
    "hardly begun": (
        {"import0_1.xml": b'<?xml version="1.0"', "offers0_1.xml": OFFERS},
        "import0_1.xml: it ends before its first element",
    ),
    "reference lists of a full export alone": (
        {"units_1_1.xml": GOODS, "goods_1_1.xml": GOODS},
        "units_1_1.xml, goods_1_1.xml: a full export without its offers",
    ),
}


@pytest.mark.parametrize(("files", "reason"), LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_what_is_incomplete_is_left_alone_and_reported_when_old(tmp_path, files, reason):
    for name, data in files.items():
        put(tmp_path, name, data)
    assert pull(tmp_path) == []
    with pytest.raises(RetryLater, match=reason.replace("(", r"\(")):
        pull(tmp_path, stale="50")


def test_what_is_ready_is_taken_before_the_report(tmp_path):
    put(tmp_path, "shop_import.xml", GOODS)
    put(tmp_path, "offers_1_1.xml", CHANGES)
    taken = []
    with pytest.raises(RetryLater):
        taken.extend(blob.name for blob in opened(tmp_path, stale="50").pull("catalogue", None))
    [blob] = [blob.name for blob in opened(tmp_path).pull("catalogue", None)]
    assert blob == "offers_1_1.xml"


def test_a_later_session_never_overtakes(tmp_path):
    put(tmp_path, "goods_1_1_aaaaaaaa.xml", CHANGES[:-5], age=300)
    put(tmp_path, "goods_1_1_bbbbbbbb.xml", CHANGES, age=200)
    assert names(tmp_path) == []
    put(tmp_path, "goods_1_1_aaaaaaaa.xml", CHANGES, age=300)
    assert pull(tmp_path) == [("goods_1_1_aaaaaaaa.xml", True, False), ("goods_1_1_bbbbbbbb.xml", True, False)]


BROKEN = {
    "empty": b"",
    "DOCTYPE": b"<!DOCTYPE x>" + GOODS,
    "two roots": GOODS + GOODS,
    "foreign": b"<html></html>",
    "no XML": b"%PDF-1.4",
    "unknown encoding": b'<?xml version="1.0" encoding="x-none"?>' + GOODS,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_what_no_waiting_can_mend_is_taken_and_refused(tmp_path, data):
    put(tmp_path, "import0_1.xml", data)
    put(tmp_path, "offers0_1.xml", OFFERS)
    if data == GOODS + GOODS:
        put(tmp_path, "import0_1.xml", data)
    [broken, _] = [(blob.name, blob.body.read()) for blob in opened(tmp_path).pull("catalogue", None)]
    assert broken == ("import0_1.xml", data)
    with pytest.raises(RejectRecord):
        list(commerceml.cut("catalogue", io.BytesIO(data), "application/xml"))


def test_a_growing_folder_is_left_alone_until_it_is_quiet(tmp_path):
    put(tmp_path, "offers_1_1.xml", CHANGES, age=0)
    assert pull(tmp_path, settle="60") == []
    put(tmp_path, "offers_1_1.xml", CHANGES, age=61)
    assert names(tmp_path, settle="60") == ["offers_1_1.xml"]


def test_quiet_that_is_near_is_waited_for(tmp_path):
    put(tmp_path, "offers_1_1.xml", CHANGES, age=0)
    began = time.monotonic()
    assert names(tmp_path, settle="1") == ["offers_1_1.xml"]
    assert time.monotonic() - began < 5


def test_a_file_that_grows_between_two_listings_is_left_alone(tmp_path):
    folder = LocalFolder(tmp_path)
    path = put(tmp_path, "offers_1_1.xml", CHANGES)
    stop = threading.Event()

    def grow():
        while not stop.wait(0.2):
            with path.open("ab") as file:
                file.write(b" ")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert quiet(folder.list, settle=1.5, patience=3) == []
    finally:
        stop.set()
        writer.join()


def test_a_file_rewritten_while_it_is_read_is_not_believed(tmp_path):
    path = put(tmp_path, "offers_1_1.xml", CHANGES)
    for blob in opened(tmp_path).pull("catalogue", None):
        with path.open("ab") as file:
            file.write(b" ")
        with pytest.raises(RetryLater, match="changed while it was read"):
            blob.body.read()


def test_acknowledged_files_are_archived_and_twice_is_safe(tmp_path):
    put(tmp_path, "goods/goods_1_1.xml", CHANGES)
    source = opened(tmp_path)
    receipts = [blob.receipt for blob in source.pull("catalogue", None)]
    source.acknowledge("catalogue", receipts)
    source.acknowledge("catalogue", receipts)
    assert pull(tmp_path) == []
    [archived] = list(tmp_path.rglob("*.xml"))
    assert archived.read_bytes() == CHANGES
    assert archived.relative_to(tmp_path).parts[0] == "archive"
    assert archived.relative_to(tmp_path).parts[2:] == ("catalogue", "goods", "goods_1_1.xml")


def test_names_in_the_archive_do_not_collide(tmp_path):
    source = opened(tmp_path)
    for data in (CHANGES, CHANGES + b" ", CHANGES + b"  "):
        put(tmp_path, "prices.xml", data)
        source.acknowledge("catalogue", [blob.receipt for blob in source.pull("catalogue", None)])
    assert sorted(path.name for path in tmp_path.rglob("*.xml")) == ["prices.2.xml", "prices.3.xml", "prices.xml"]


def test_a_file_replaced_before_it_was_acknowledged_stays(tmp_path):
    put(tmp_path, "prices.xml", CHANGES)
    source = opened(tmp_path)
    receipts = [blob.receipt for blob in source.pull("catalogue", None)]
    put(tmp_path, "prices.xml", CHANGES + b"\n")
    source.acknowledge("catalogue", receipts)
    assert names(tmp_path) == ["prices.xml"]


def test_streams_never_share_a_file(tmp_path):
    put(tmp_path, "offers_1_1.xml", CHANGES)
    assert pull(tmp_path, "prices_stock") == []
    put(tmp_path, "prices_stock/prices_1_1.xml", OFFERS)
    assert pull(tmp_path, "prices_stock") == [("prices_stock/prices_1_1.xml", True, False)]
    assert names(tmp_path) == ["offers_1_1.xml"]


def test_full_offers_without_goods_are_a_price_package_but_never_a_snapshot(tmp_path):
    put(tmp_path, "prices_stock/offers0_1.xml", OFFERS)
    assert pull(tmp_path, "prices_stock") == [("prices_stock/offers0_1.xml", True, False)]


def test_a_stream_takes_the_folder_it_is_given(tmp_path):
    put(tmp_path, "in/offers_1_1.xml", CHANGES)
    put(tmp_path, "stock/rests_1_1.xml", CHANGES)
    assert names(tmp_path, folder="in") == ["in/offers_1_1.xml"]
    assert pull(tmp_path, "prices_stock", folder="stock") == [("stock/rests_1_1.xml", True, False)]


@pytest.mark.parametrize(
    ("extra", "options", "reason"),
    [
        ({}, {}, "give a host"),
        ({"folder": "relative"}, {}, "absolute path"),
        ({"folder": "/nowhere/at/all"}, {}, "does not exist"),
        ({"folder": "/"}, {"settle": "soon"}, "settle must be a number of seconds"),
    ],
    ids=["nothing", "relative folder", "missing folder", "settle"],
)
def test_wrong_settings_are_named(extra, options, reason):
    with pytest.raises(ConfigError, match=reason):
        commerceml.open_source(Connection("erp_1c", extra=extra), options, None).check()


def test_check_counts_what_waits(tmp_path):
    put(tmp_path, "prices.xml", b"12345")
    assert opened(tmp_path).check() == "1 files wait in the exchange folder (5 bytes)"


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return data.getvalue()


def test_documents_in_an_archive_are_blobs_of_their_own(tmp_path):
    put(tmp_path, "webdata.zip", zipped({"offers0_1.xml": OFFERS, "import0_1.xml": GOODS, "import_files/a.jpg": b"x"}))
    source = opened(tmp_path)
    blobs = [(blob.name, blob.snapshot, blob.receipt, blob.body.read()) for blob in source.pull("catalogue", None)]
    assert [(name, snapshot, body) for name, snapshot, _, body in blobs] == [
        ("webdata.zip/import0_1.xml", True, GOODS),
        ("webdata.zip/offers0_1.xml", True, OFFERS),
    ]
    source.acknowledge("catalogue", [receipt for _, _, receipt, _ in blobs])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["webdata.zip"]
    assert not (tmp_path / "webdata.zip").exists()


def test_an_archive_and_plain_files_make_one_package(tmp_path):
    put(tmp_path, "import.zip", zipped({"import0_1.xml": GOODS}))
    put(tmp_path, "offers0_1.xml", OFFERS)
    assert pull(tmp_path) == [("import.zip/import0_1.xml", False, True), ("offers0_1.xml", True, True)]


def encrypted():
    data = bytearray(zipped({"import.xml": GOODS}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def lying():
    """The directory announces fewer bytes than there are."""
    data = bytearray(zipped({"import.xml": GOODS}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(data)


HOSTILE = {
    "bomb": (zipped({"import.xml": b"\0" * (32 << 20)}), "unpacks to more than 200 times"),
    "many members": (zipped(dict.fromkeys((f"{n}.txt" for n in range(10_001)), b""), 0), "10001 members"),
    "leads elsewhere": (zipped({"../import.xml": GOODS}), "leads elsewhere"),
    "control characters": (zipped({"a\nb.xml": GOODS}), "cannot be shown"),
    "nested": (zipped({"inner.zip": zipped({"import.xml": GOODS})}), "archive inside an archive"),
    "encrypted": (encrypted(), "is encrypted"),
    "lying sizes": (lying(), "damaged"),
    "damaged": (zipped({"import.xml": GOODS}, 0).replace(b"<", b">", 1), "damaged"),
    "no archive": (b"PK hello", "not a readable zip archive"),
}


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_taken_as_it_is_and_refused(tmp_path, data, reason):
    put(tmp_path, "webdata.zip", data)
    [(name, media, body)] = [(b.name, b.media, b.body.read()) for b in opened(tmp_path).pull("catalogue", None)]
    assert (name, media, body) == ("webdata.zip", "application/zip", data)
    with pytest.raises(RejectRecord, match=reason):
        list(commerceml.cut("catalogue", io.BytesIO(data), media))


def test_real_exports_go_through_the_folder(tmp_path):
    if not SAMPLES.is_dir():
        pytest.skip("shared/specs/commerceml/samples is not here")
    for path in SAMPLES.glob("*.xml"):
        put(tmp_path, path.name, path.read_bytes())
    counts = Counter()
    packages = set()
    for blob in opened(tmp_path).pull("catalogue", None):
        packages.add((blob.package, blob.snapshot))
        counts.update(record.kind for record in commerceml.cut("catalogue", blob.body, blob.media))
    assert counts == {
        "Товар": 1240,
        "Предложение": 2709,
        "Группа": 84,
        "Свойство": 84,
        "ТипЦены": 17,
        "Склад": 11,
        "ЕдиницаИзмерения": 18,
        "Документ": 5,
    }
    assert sum(snapshot for _, snapshot in packages) == 4


def test_local_files_are_previewed_as_pull_would_give_them(tmp_path):
    files = [
        put(tmp_path, "offers0_1.xml", OFFERS, age=0),
        put(tmp_path, "import.zip", zipped({"import0_1.xml": GOODS})),
    ]
    blobs = [(blob.name, blob.snapshot, blob.body.read()) for blob in commerceml.open_files(files)]
    assert blobs == [("import.zip/import0_1.xml", True, GOODS), ("offers0_1.xml", True, OFFERS)]


def test_half_a_file_is_previewed_too_and_refused_by_the_cut(tmp_path):
    path = put(tmp_path, "import0_1.xml", GOODS[:-9])
    with pytest.raises(RejectRecord, match=r"truncated|unfinished"):
        [list(commerceml.cut("catalogue", blob.body, blob.media)) for blob in commerceml.open_files([path])]
    with pytest.raises(ConfigError, match="does not exist"):
        list(commerceml.open_files([tmp_path / "none.xml"]))
