"""The canonical entities of the catalogue.

Tables, migrations, JSON Schema and the field dictionary are made from these structs. A field's type decides its column:
`str` text, `Decimal` numeric, `bool`, `datetime` (with zone) timestamptz, `Ref` the hub id of another entity,
`tuple[Ref, …]` an array of hub ids, `tuple[str, …]` an array of texts, `dict[str, str]` jsonb.
SKU, article, barcode and GTIN are always text. Money is `Decimal`, never float.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from canonical_model.references import Ref


class Entity(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Base of all canonical entities.

    Class attributes:
        KEY: the fields that identify a row: `("ref",)` for records with an id of their own, else references.
        DICTIONARY: True for small reference lists, whose hub ids are 4-byte integers.
        PART_OF: for rows that come as a whole set with their parent (all prices of one SKU), the field that names it.
        REFERS: reference field -> the entity it points to.
        HISTORY: False where old values are not kept (quantities change all day and say nothing afterwards).
    """

    KEY: ClassVar[tuple[str, ...]] = ("ref",)
    DICTIONARY: ClassVar[bool] = False
    PART_OF: ClassVar[str | None] = None
    REFERS: ClassVar[dict[str, str]] = {}
    HISTORY: ClassVar[bool] = True


class Category(Entity, frozen=True, gc=False, kw_only=True):
    """A node of the assortment tree."""

    REFERS: ClassVar[dict[str, str]] = {"parent": "Category"}

    ref: Annotated[Ref, Meta(description="the category in its source")]
    name: Annotated[str, Meta(description="name as customers read it")]
    parent: Annotated[Ref | None, Meta(description="the category above; empty at the root")] = None
    gone: Annotated[bool, Meta(description="deleted or no longer in a full export")] = False


class PriceList(Entity, frozen=True, gc=False, kw_only=True):
    """A named list of prices (1C: ТипЦены)."""

    DICTIONARY: ClassVar[bool] = True

    ref: Annotated[Ref, Meta(description="the price list in its source")]
    name: Annotated[str, Meta(description="name of the price list")]
    currency: Annotated[str | None, Meta(description="ISO 4217 code of its prices")] = None
    vat_included: Annotated[bool | None, Meta(description="prices contain VAT; empty where not stated")] = None
    gone: Annotated[bool, Meta(description="deleted or no longer in a full export")] = False


class Location(Entity, frozen=True, gc=False, kw_only=True):
    """A place that holds stock: a warehouse or a shop floor."""

    DICTIONARY: ClassVar[bool] = True

    ref: Annotated[Ref, Meta(description="the location in its source")]
    name: Annotated[str, Meta(description="name of the location")]
    address: Annotated[str | None, Meta(description="postal address as one text")] = None
    gone: Annotated[bool, Meta(description="deleted or no longer in a full export")] = False


class Product(Entity, frozen=True, gc=False, kw_only=True):
    """What is described and shown; sold through its SKUs."""

    REFERS: ClassVar[dict[str, str]] = {"categories": "Category"}

    ref: Annotated[Ref, Meta(description="the product in its source")]
    name: Annotated[str, Meta(description="short name")]
    full_name: Annotated[str | None, Meta(description="long name, as on printed documents")] = None
    article: Annotated[str | None, Meta(description="article (vendor code); may repeat and may be empty")] = None
    brand: Annotated[str | None, Meta(description="brand or manufacturer")] = None
    description: Annotated[str | None, Meta(description="description, plain text or HTML as received")] = None
    kind: Annotated[str | None, Meta(description="goods, service or another kind, as the source names it")] = None
    unit: Annotated[str | None, Meta(description="unit of measure: OKEI code, or the text received")] = None
    unit_name: Annotated[str | None, Meta(description="name of the unit")] = None
    vat_rate: Annotated[Decimal | None, Meta(description="VAT rate in percent as the source states it")] = None
    vat_exempt: Annotated[bool, Meta(description="sold without VAT")] = False
    gtin: Annotated[str | None, Meta(description="GTIN-8, -12, -13 or -14 with a valid check digit")] = None
    barcodes: Annotated[
        tuple[str, ...], Meta(description="other barcodes: in-store, bad check digit, second ones")
    ] = ()
    categories: Annotated[tuple[Ref, ...], Meta(description="categories it stands in")] = ()
    images: Annotated[tuple[str, ...], Meta(description="pictures as the source names them")] = ()
    attributes: Annotated[dict[str, str], Meta(description="properties by name")] = {}
    gone: Annotated[bool, Meta(description="deleted or no longer in a full export")] = False


class Sku(Entity, frozen=True, gc=False, kw_only=True):
    """A sellable variant of a product."""

    REFERS: ClassVar[dict[str, str]] = {"product": "Product"}

    ref: Annotated[Ref, Meta(description="the SKU in its source")]
    product: Annotated[Ref, Meta(description="the product it is a variant of")]
    variant: Annotated[str | None, Meta(description="the source's id of the characteristic; empty = simple")] = None
    name: Annotated[str | None, Meta(description="name of the variant")] = None
    article: Annotated[str | None, Meta(description="article of the variant; may repeat and may be empty")] = None
    gtin: Annotated[str | None, Meta(description="GTIN with a valid check digit")] = None
    barcodes: Annotated[tuple[str, ...], Meta(description="other barcodes")] = ()
    options: Annotated[dict[str, str], Meta(description="what makes the variant: size, colour…")] = {}
    unit: Annotated[str | None, Meta(description="unit of measure: OKEI code, or the text received")] = None
    gone: Annotated[bool, Meta(description="deleted or no longer in a full export")] = False


class Price(Entity, frozen=True, gc=False, kw_only=True):
    """Price of one SKU in one price list."""

    KEY: ClassVar[tuple[str, ...]] = ("sku", "price_list")
    PART_OF: ClassVar[str | None] = "sku"
    REFERS: ClassVar[dict[str, str]] = {"sku": "Sku", "price_list": "PriceList"}

    sku: Annotated[Ref, Meta(description="the SKU it prices")]
    price_list: Annotated[Ref, Meta(description="the price list it stands in")]
    amount: Annotated[Decimal, Meta(description="price of `per` units, in the currency's main unit")]
    currency: Annotated[str, Meta(description="ISO 4217 code")]
    per: Annotated[Decimal, Meta(description="how many base units the price buys")] = Decimal(1)
    valid_from: Annotated[datetime | None, Meta(description="in force from; empty = now")] = None
    valid_to: Annotated[datetime | None, Meta(description="in force until, not including")] = None


class StockLevel(Entity, frozen=True, gc=False, kw_only=True):
    """Quantity of one SKU at one location."""

    KEY: ClassVar[tuple[str, ...]] = ("sku", "location")
    PART_OF: ClassVar[str | None] = "sku"
    REFERS: ClassVar[dict[str, str]] = {"sku": "Sku", "location": "Location"}
    HISTORY: ClassVar[bool] = False

    sku: Annotated[Ref, Meta(description="the SKU")]
    location: Annotated[Ref, Meta(description="the place that holds it")]
    quantity: Annotated[Decimal, Meta(description="quantity in base units; may be negative in real books")]


ENTITIES: dict[str, type[Entity]] = {
    entity.__name__: entity for entity in (Category, PriceList, Location, Product, Sku, Price, StockLevel)
}


def fields_of(entity: type[Entity]) -> tuple[Any, ...]:
    """Return msgspec's description of each field, in order."""
    info = msgspec.inspect.type_info(entity)
    assert isinstance(info, msgspec.inspect.StructType)
    return info.fields
