"""One Товар as 1C writes it, 2.x and 3.1."""

from sandbox.onec.assortment import MAKER, MAKERS
from sandbox.onec.catalogue import Product, description, pictures, property_values
from sandbox.onec.dice import guid
from sandbox.onec.wording import escape, listing, tag, unit_element


def padded(item: Product) -> bool:
    """Whether this product's unit code carries a trailing space."""
    return item.roll >> 51 & 1 == 1


def requisites(item: Product) -> str:
    """ЗначенияРеквизитов: kind, type and full name."""
    pairs = (
        ("ВидНоменклатуры", item.section.path[-1]),
        ("ТипНоменклатуры", "Услуга" if item.service else "Товар"),
        ("Полное наименование", item.name),
    )
    return listing(
        "ЗначенияРеквизитов",
        (
            f"<ЗначениеРеквизита><Наименование>{name}</Наименование>{tag('Значение', value)}</ЗначениеРеквизита>"
            for name, value in pairs
        ),
    )


def _values(item: Product) -> str:
    return listing(
        "ЗначенияСвойств",
        (
            f"<ЗначенияСвойства><Ид>{identifier}</Ид>{tag('Значение', value)}</ЗначенияСвойства>"
            for identifier, value in property_values(item)
        ),
    )


def _maker(item: Product) -> str:
    if item.service or item.roll >> 16 & 15 == 0:
        return ""
    name = escape(MAKERS[item.maker])
    return f"\n\t\t\t<Изготовитель><Ид>{guid(MAKER, item.maker)}</Ид><Наименование>{name}</Наименование></Изготовитель>"


def goods_element(item: Product, deleted: bool, schema: str) -> str:
    """The whole element; a deletion is an attribute in 2.x and a mark in 3.1."""
    newer = schema.startswith("3")
    status = ' Статус="Удален"' if deleted and not newer else ""
    mark = ""
    if newer:
        mark = f"<НомерВерсии>AAAAAAAAAAE=</НомерВерсии><ПометкаУдаления>{str(deleted).lower()}</ПометкаУдаления>"
    barcode = f"<Штрихкод>{item.barcode}</Штрихкод>" if item.barcode else ""
    photos = "".join(f"\n\t\t\t<Картинка>{path}</Картинка>" for path in pictures(item))
    return (
        f"\t\t<Товар{status}>\n\t\t\t<Ид>{item.id}</Ид>{mark}{barcode}\n\t\t\t{tag('Артикул', item.article)}\n"
        f"\t\t\t{tag('Наименование', item.name)}\n\t\t\t{unit_element(item.section.unit, padded(item))}\n"
        f"\t\t\t<Группы><Ид>{item.section.id}</Ид></Группы>\n\t\t\t{tag('Описание', description(item))}{photos}"
        f"{_maker(item)}{_values(item)}\n"
        f"\t\t\t<СтавкиНалогов><СтавкаНалога><Наименование>НДС</Наименование><Ставка>{item.vat}</Ставка>"
        f"</СтавкаНалога></СтавкиНалогов>{requisites(item)}\n\t\t</Товар>\n"
    )
