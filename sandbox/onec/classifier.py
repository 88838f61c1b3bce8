"""Классификатор: nested groups, properties with their values, price types, warehouses, units."""

from sandbox.onec.assortment import (
    CATALOGUE_ID,
    PRICE_TYPES,
    PROPERTIES,
    SECTIONS,
    SERVICES,
    UNITS,
    WAREHOUSES,
    Property,
    group_id,
)
from sandbox.onec.wording import flag, owner, tag

_VERSION = "<НомерВерсии>AAAAAAAAAAE=</НомерВерсии><ПометкаУдаления>false</ПометкаУдаления>"


def group_paths() -> list[tuple[str, ...]]:
    """Every group by its path of names, parents before children."""
    paths: dict[tuple[str, ...], None] = {}
    for section in (*SECTIONS, SERVICES):
        for depth in range(1, len(section.path) + 1):
            paths.setdefault(section.path[:depth])
    return list(paths)


def _group(path: tuple[str, ...], paths: list[tuple[str, ...]], version: str, indent: str) -> str:
    children = [child for child in paths if child[:-1] == path]
    inner = f"{indent}\t<Ид>{group_id(path)}</Ид>\n{indent}\t"
    inner += f"{version}\n{indent}\t" if version else ""
    inner += f"{tag('Наименование', path[-1])}\n"
    if children:
        inner += f"{indent}\t<Группы>\n"
        inner += "".join(_group(child, paths, version, indent + "\t\t") for child in children)
        inner += f"{indent}\t</Группы>\n"
    return f"{indent}<Группа>\n{inner}{indent}</Группа>\n"


def groups(schema: str) -> str:
    """Группы, nested as the shop's departments are."""
    paths = group_paths()
    version = _VERSION if schema.startswith("3") else ""
    body = "".join(_group(path, paths, version, "\t\t\t") for path in paths if len(path) == 1)
    return f"\t\t<Группы>\n{body}\t\t</Группы>\n"


def _property(entry: Property, schema: str) -> str:
    more = f"{_VERSION}<Внешний>false</Внешний><Информационное>true</Информационное>" if schema[0] == "3" else ""
    body = f"\t\t\t<Свойство>\n\t\t\t\t<Ид>{entry.id}</Ид>{tag('Наименование', entry.name)}{more}"
    body += f"<ТипЗначений>{entry.type}</ТипЗначений>\n"
    if entry.values:
        values = "".join(
            f"\t\t\t\t\t<Справочник><ИдЗначения>{entry.value_id(place)}</ИдЗначения>"
            f"{tag('Значение', value)}</Справочник>\n"
            for place, value in enumerate(entry.values)
        )
        body += f"\t\t\t\t<ВариантыЗначений>\n{values}\t\t\t\t</ВариантыЗначений>\n"
    return f"{body}\t\t\t</Свойство>\n"


def properties(schema: str) -> str:
    """Свойства with the reference books of their values."""
    body = "".join(_property(entry, schema) for entry in PROPERTIES)
    return f"\t\t<Свойства>\n{body}\t\t</Свойства>\n"


def price_types(schema: str) -> str:
    """ТипыЦен: all in roubles with VAT inside."""
    version = _VERSION if schema.startswith("3") else ""
    body = "".join(
        f"\t\t\t<ТипЦены><Ид>{entry.id}</Ид>{version}<Наименование>{entry.name}</Наименование><Валюта>RUB</Валюта>"
        "<Налог><Наименование>НДС</Наименование><УчтеноВСумме>true</УчтеноВСумме><Акциз>false</Акциз></Налог>"
        "</ТипЦены>\n"
        for entry in PRICE_TYPES
    )
    return f"\t\t<ТипыЦен>\n{body}\t\t</ТипыЦен>\n"


def warehouses(schema: str) -> str:
    """Склады."""
    version = _VERSION if schema.startswith("3") else ""
    body = "".join(
        f"\t\t\t<Склад><Ид>{entry.id}</Ид>{version}{tag('Наименование', entry.name)}</Склад>\n" for entry in WAREHOUSES
    )
    return f"\t\t<Склады>\n{body}\t\t</Склады>\n"


def units() -> str:
    """ЕдиницыИзмерения of 3.1: code padded to four characters, full name to a hundred."""
    body = "".join(
        f"\t\t\t<ЕдиницаИзмерения><Ид>{unit.code:<4}</Ид>{_VERSION}"
        f"<НаименованиеКраткое>{unit.short}</НаименованиеКраткое><Код>{unit.code:<4}</Код>"
        f"<НаименованиеПолное>{unit.full:<100}</НаименованиеПолное>"
        f"<МеждународноеСокращение>{unit.international}</МеждународноеСокращение></ЕдиницаИзмерения>\n"
        for unit in UNITS
    )
    return f"\t\t<ЕдиницыИзмерения>\n{body}\t\t</ЕдиницыИзмерения>\n"


def classifier(body: str, changes_only: bool | None = None) -> str:
    """Классификатор around its lists; 3.1 gives it the changes-only attribute too."""
    attribute = "" if changes_only is None else f" {flag(changes_only)}"
    return (
        f"\t<Классификатор{attribute}>\n\t\t<Ид>{CATALOGUE_ID}</Ид>\n"
        f"\t\t<Наименование>Классификатор (Каталог товаров)</Наименование>\n\t\t{owner()}\n{body}\t</Классификатор>\n"
    )
