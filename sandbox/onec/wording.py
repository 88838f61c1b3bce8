"""How 1C writes values into XML: escaping, money, quantities, headers."""

from collections.abc import Iterable
from datetime import datetime

from sandbox.onec.assortment import CATALOGUE_ID, OWNER_ID, Unit

NBSP = "\N{NO-BREAK SPACE}"


def escape(text: str) -> str:
    """Text for an element or a double-quoted attribute."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def tag(name: str, text: str) -> str:
    """One element; 1C closes an empty one in itself."""
    return f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>"


def money(kopecks: int) -> str:
    """Roubles without superfluous zeros: 1719, 1719.5, 1719.55."""
    roubles, rest = divmod(kopecks, 100)
    return f"{roubles}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(roubles)


def local_money(text: str) -> str:
    """The same amount as a Russian locale prints it: no-break spaces between thousands, decimal comma."""
    whole, _, rest = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    grouped = f"{int(digits or 0):,}".replace(",", NBSP)
    return f"{sign}{grouped},{rest}" if rest else sign + grouped


def quantity(thousandths: int, comma: bool = False) -> str:
    """A quantity without superfluous zeros."""
    whole, rest = divmod(thousandths, 1000)
    text = f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)
    return text.replace(".", ",") if comma else text


def unit_element(unit: Unit, padded: bool) -> str:
    """БазоваяЕдиница; some configurations pad the code to four characters."""
    code = f"{unit.code:<4}" if padded else unit.code
    return (
        f'<БазоваяЕдиница Код="{code}" НаименованиеПолное="{unit.full}" МеждународноеСокращение="{unit.international}">'
        f"<Пересчет><Единица>{unit.code}</Единица><Коэффициент>1</Коэффициент></Пересчет></БазоваяЕдиница>"
    )


def owner() -> str:
    """Владелец; 1C writes an empty ОКПО although the schema forbids it."""
    return (
        f"<Владелец><Ид>{OWNER_ID}</Ид><Наименование>ООО «Торговый дом»</Наименование>"
        "<ИНН>7723240668</ИНН><КПП>772301001</КПП><ОКПО/></Владелец>"
    )


def opening(schema: str, encoding: str, formed: datetime) -> str:
    """The declaration and the root's opening tag."""
    family = schema.partition(".")[0]
    more = ' Ид="Обмен с сайтом"' if family == "3" else ""
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        f'<КоммерческаяИнформация xmlns="urn:1C.ru:commerceml_{family}" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ВерсияСхемы="{schema}" '
        f'ДатаФормирования="{formed:%Y-%m-%dT%H:%M:%S}"{more}>\n'
    )


CLOSING = "</КоммерческаяИнформация>"


def flag(changes_only: bool) -> str:
    """The attribute that decides about deletions."""
    return f'СодержитТолькоИзменения="{"true" if changes_only else "false"}"'


def catalogue_opening(changes_only: bool) -> str:
    """Каталог up to its goods."""
    return (
        f"\t<Каталог {flag(changes_only)}>\n\t\t<Ид>{CATALOGUE_ID}</Ид>\n"
        f"\t\t<ИдКлассификатора>{CATALOGUE_ID}</ИдКлассификатора>\n"
        f"\t\t<Наименование>Каталог товаров</Наименование>\n\t\t{owner()}\n"
    )


def package_opening(changes_only: bool, prefix: str = "", suffix: str = "#") -> str:
    """ПакетПредложений up to its price types and offers; 2.x puts '#' behind the id, 3.1 before it."""
    return (
        f"\t<ПакетПредложений {flag(changes_only)}>\n\t\t<Ид>{prefix}{CATALOGUE_ID}{suffix}</Ид>\n"
        f"\t\t<Наименование>Пакет предложений (Каталог товаров)</Наименование>\n"
        f"\t\t<ИдКаталога>{CATALOGUE_ID}</ИдКаталога>\n\t\t<ИдКлассификатора>{CATALOGUE_ID}</ИдКлассификатора>\n"
    )


def listing(name: str, entries: Iterable[str], indent: str = "\t\t\t") -> str:
    """A list element with one line an entry; an empty list is not written at all."""
    body = "".join(f"\n{indent}\t{entry}" for entry in entries)
    return f"\n{indent}<{name}>{body}\n{indent}</{name}>" if body else ""
