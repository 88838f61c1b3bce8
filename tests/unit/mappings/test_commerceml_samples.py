"""Every record of every real export has a meaning; two prices of one type are the only legal exception."""

from functools import partial
from pathlib import Path

import pytest
from lxml import etree

from connectors.commerceml.cut import cut
from mappings import registry
from mappings.preview import preview
from mappings.reading import Context

QUARANTINED = {"1coutlet_offers0_1": 1}
FILES = [
    "1coutlet_import0_1", "1coutlet_offers0_1", "carono_classifier", "cml31_offers", "cml31_orders_to_1c",
    "cml31_priceLists", "cml31_propertiesOffers", "cml31_rests", "cml31_storages", "cml31_units",
    "dobromyslov_import0_1", "dobromyslov_offers0_1", "irpsv_off-doc-1c_import", "irpsv_off-doc-1c_offers",
    "irpsv_off-doc-1c_orders", "irpsv_umi-cms_import", "irpsv_umi-cms_offers",
]  # fmt: skip


def records(specs: Path, *names: str):
    found = []
    for name in names:
        path = specs / "commerceml" / "samples" / f"{name}.xml"
        if not path.exists():
            pytest.skip(f"{path.name} is not there")
        with path.open("rb") as body:
            found += cut("catalogue", body, "application/xml")
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_record_is_accounted_for(specs, name):
    result = preview("commerceml", records(specs, name), etree.fromstring, Context("erp"))
    assert sum(result.quarantined.values()) == QUARANTINED.get(name, 0), result.reasons
    assert result.unmapped == {}
    for kind, count in result.read.items():
        assert count == result.mapped.get(kind, 0) + result.quarantined.get(kind, 0)


@pytest.mark.parametrize("name", FILES)
def test_shapes_read_what_the_parser_reads(specs, name):
    """Record for record: the first pass learns, the second is read from bytes; the parser alone is the judge."""
    raws = records(specs, name)
    tables = {}
    for raw in raws:
        mapping = registry.inbound("commerceml", raw.kind)
        if mapping.fills:
            key, value = mapping.entry(raw.body, etree.fromstring, Context("erp", tables))
            tables.setdefault(mapping.fills, {})[key] = value
    for kind in {raw.kind for raw in raws} - {"Документ"}:
        bodies = [raw.body for raw in raws if raw.kind == kind]
        learning, judging = (registry.Mapping(registry.load(_file(kind))) for _ in "ab")
        judging._shapes.learn = lambda *given: None
        for body in bodies:
            _outcome(learning, body, Context("erp", tables))
        for body in bodies:
            assert _outcome(learning, body, Context("erp", tables)) == _outcome(judging, body, Context("erp", tables))


def test_most_records_take_the_short_way(specs):
    for name, kind in (("1coutlet_import0_1", "Товар"), ("1coutlet_offers0_1", "Предложение")):
        mapping = registry.Mapping(registry.load(_file(kind)))
        parsed = []
        bodies = [raw.body for raw in records(specs, name) if raw.kind == kind]
        for body in bodies:
            _outcome(mapping, body, Context("erp"), partial(_noted, parsed))
        assert len(parsed) <= 0.05 * len(bodies)


def test_two_prices_of_one_type_name_record_and_field(specs):
    result = preview("commerceml", records(specs, "1coutlet_offers0_1"), etree.fromstring, Context("erp"))
    assert [reason for reason in result.reasons if "more than once" in reason] == [
        "Цены/Цена: record cbcf492e-55bc-11d9-848a-00112f43529a: bb14a3a4-6b17-11e0-9819-e0cb4ed5eed4 "
        "stands there more than once; allowed: once"
    ]


def test_a_whole_export_says_what_cannot_be_published(specs):
    raws = records(specs, "1coutlet_import0_1", "1coutlet_offers0_1")
    result = preview("commerceml", raws, etree.fromstring, Context("erp"))
    assert result.read["Товар"] == 1197
    assert result.read["Предложение"] == 2641
    assert result.entities["Product"] == 1197
    assert result.entities["Sku"] == 2640
    assert "not publishable because it has no offer that the hub could take" in result.reasons


def test_orders_wait_for_their_mapping(specs):
    result = preview("commerceml", records(specs, "cml31_orders_to_1c"), etree.fromstring, Context("erp"))
    assert result.reasons == {"orders: no mapping yet": 2}


def test_a_deleted_product_is_mapped_as_gone(specs):
    raws = records(specs, "dobromyslov_import0_1")
    result = preview("commerceml", raws, etree.fromstring, Context("erp"))
    assert result.reasons["deleted at the source"] == 1


def _noted(parsed, body):
    parsed.append(body)
    return etree.fromstring(body)


def _file(kind: str) -> Path:
    return registry.HERE / "commerceml" / f"{kind}.in.yml"


def _outcome(mapping, body, context, parse=etree.fromstring):
    try:
        return mapping.entry(body, parse, context) if mapping.fills else mapping.read(body, parse, context)
    except registry.ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 (an outcome to compare)
        return type(error), str(error)
