"""A mapping file that says something impossible is refused before any record is read."""

import pytest

from canonical_model.errors import ConfigError
from mappings import registry
from mappings.codes import candidates
from mappings.grammar import load
from mappings.mapping import Mapping
from mappings.outward import load_out

GOOD = (
    "source: commerceml\nkind: X\nmain: Location\nkey: Ид\nentities:\n  Location:\n    fields: {ref: Ид, name: Имя}\n"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "when: x\n", "unknown when; allowed:"),
        (GOOD.replace("name: Имя", "name: {from: Имя, if: x}"), "unknown if"),
        (GOOD.replace("name: Имя", "name: {from: Имя, convert: magic}"), "no converter 'magic'"),
        (GOOD.replace(", name: Имя", ""), "needs name"),
        (GOOD.replace("name: Имя", "name: Имя, size: Размер"), "has no field size"),
        (GOOD + "ignore: [Имя]\n", "both mapped and ignored"),
        (GOOD.replace("Location", "Place"), "no entity 'Place'"),
        (GOOD + "sets: {Location: {any: [Имя]}}\n", "not part of another entity"),
        (GOOD + "fills: units\n", "fills and entry belong together"),
        ("- a\n", "expected keys and values"),
        ("a: [\n", "X.in.yml"),
    ],
    ids=[
        "unknown key", "unknown field key", "unknown converter", "required field left out", "unknown field",
        "mapped and ignored", "unknown entity", "no part of another", "fills without entry", "a list", "no YAML",
    ],
)  # fmt: skip
def test_inbound_files_are_checked(tmp_path, text, said):
    registry.inbound("commerceml", "Товар")
    path = tmp_path / "X.in.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Mapping(load(path))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("target: yml\n", "missing"),
        ("target: yml\ndocument: d\nroot: Thing\nfields: {}\n", "no entity 'Thing'"),
        ("target: yml\ndocument: d\nroot: Sku\nfields: {a: colour}\n", "no field 'colour'"),
        ("target: yml\ndocument: d\nroot: Sku\nfields: {a: {convert: magic}}\n", "no converter 'magic'"),
        ("target: yml\ndocument: d\nroot: Sku\nfields: {}\nparts: {p: {entity: Price}}\n", "by or from"),
        ("target: yml\ndocument: d\nroot: Sku\nfields: {}\nwhen: colour\n", "when: Sku has no field 'colour'"),
        ("target: yml\ndocument: d\nroot: Sku\nfields: {}\nwhen: p.variant\n", "when: no part 'p'"),
    ],
    ids=[
        "keys missing",
        "unknown root",
        "unknown field",
        "unknown converter",
        "part without a link",
        "when of an unknown field",
        "when of an unknown part",
    ],
)
def test_outbound_files_are_checked(tmp_path, text, said):
    path = tmp_path / "d.out.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_out(path)
    assert said in str(caught.value)


def test_documents_come_after_what_they_refer_to():
    assert registry.documents("woocommerce") == ("category", "product", "variation")
    assert registry.documents("yml") == ("category", "offer")


@pytest.mark.parametrize("system", ["commerceml", "woocommerce", "yml"])
def test_every_mapping_compiles(system):
    for kind in registry.inbound_kinds(system):
        assert registry.inbound(system, kind).kind == kind
    for document in registry.documents(system):
        assert registry.outbound(system, document).document == document
    assert len(registry.version(system)) == 16


def test_what_has_no_mapping_is_named():
    with pytest.raises(ConfigError, match="has no mapping for 'Заказ'"):
        registry.inbound("commerceml", "Заказ")
    with pytest.raises(ConfigError, match=r"no mappings for '\.\./x'"):
        registry.inbound_kinds("../x")


def test_codes_grow_until_they_are_free():
    assert list(candidates("А  1", "0123456789ab"))[:2] == ["А 1", "А 1-01234567"]
    assert next(candidates(None, "0123456789ab")) == "01234567"
    assert list(candidates("А", "01234567-x#abcdefgh-y"))[1] == "А-01234567-abcdefgh"
    assert list(candidates("А", "0123456789ab"))[-1] == "А-0123456789ab"
