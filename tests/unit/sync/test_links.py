"""Ways along references: from a document's root to its parts, and from touched rows back to the roots."""

import pytest

from canonical_model.errors import ConfigError
from hub.sync.links import links_of, path_to
from hub.sync.owed import roots_touched, standing
from mappings import registry
from mappings.outward import OutMapping, Part

PRODUCT = OutMapping(
    target="shop",
    document="product",
    root="Product",
    parts={
        "prices": Part("Price", by="sku", of="skus"),
        "skus": Part("Sku", by="product"),
        "categories": Part("Category", origin="categories"),
    },
    after=(),
    fields=(),
)


def test_parts_are_loaded_after_those_they_start_from():
    names = [link.part for link in links_of(PRODUCT)]
    assert names.index("skus") < names.index("prices")


def test_a_price_concerns_the_product_of_its_sku():
    (way,) = roots_touched("Product", links_of(PRODUCT), {"Price": "touched"})
    assert way == ("select e.product as hub_id from sku e join (select hub_id from touched) t on e.hub_id = t.hub_id")


def test_a_category_concerns_the_products_in_it():
    (way,) = roots_touched("Product", links_of(PRODUCT), {"Category": "touched"})
    assert "e.categories && " in way


def test_what_is_no_part_concerns_nobody():
    assert roots_touched("Product", links_of(PRODUCT), {"Location": "touched"}) == []


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(Part("Price", by="price_list"), id="refers to something else"),
        pytest.param(Part("Sku", by="product", of="nothing"), id="starts from nothing"),
    ],
)
def test_a_part_that_does_not_hang_on_the_root_is_refused(part):
    with pytest.raises(ConfigError, match=r"product\.out\.yml"):
        links_of(OutMapping("shop", "product", "Product", {"wrong": part}, (), ()))


def test_the_way_from_a_sku_to_a_category():
    assert path_to("Sku", "Category") == [("Sku", "product"), ("Product", "categories")]
    with pytest.raises(LookupError):
        path_to("Category", "Sku")


SIBLINGS = {"product": Part("Product", origin="product"), "siblings": Part("Sku", by="product", of="product")}


def test_a_document_can_ask_for_a_field_of_a_part():
    joins, condition = standing(
        "Sku", links_of(OutMapping("shop", "d", "Sku", SIBLINGS, (), ())), ("siblings", "variant")
    )
    assert joins == " left join product w0 on w0.hub_id = r.product"
    assert condition == (
        "(w0.hub_id is null or exists (select from sku e where e.product = w0.hub_id and e.variant is not null))"
    )


def test_a_document_can_ask_for_a_field_of_its_root():
    assert standing("Sku", [], ("", "variant")) == ("", "(r.variant is not null)")


def test_a_document_cannot_ask_for_what_many_rows_lead_to():
    with pytest.raises(ConfigError, match="`skus` on the way there"):
        standing("Product", links_of(PRODUCT), ("prices", "amount"))
    with pytest.raises(ConfigError, match="`categories` on the way there"):
        standing("Product", links_of(PRODUCT), ("categories", "name"))


@pytest.mark.parametrize("target", ["woocommerce", "yml"])
def test_every_mapping_says_which_roots_it_stands_for(target):
    for kind in registry.documents(target):
        mapping = registry.outbound(target, kind)
        assert standing(mapping.root, links_of(mapping), mapping.when)
