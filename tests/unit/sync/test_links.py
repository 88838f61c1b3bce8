"""Ways along references: from a document's root to its parts, and from touched rows back to the roots."""

import pytest

from canonical_model.errors import ConfigError
from hub.sync.links import links_of, path_to
from hub.sync.owed import roots_touched
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
