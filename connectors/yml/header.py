"""What stands before and after the offers of a feed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from canonical_model.errors import ConfigError
from connectors.yml.offers import escape, legal

TAIL = b"</offers></shop></yml_catalog>\n"
FORMATS = {"rfc3339": None, "minutes": "%Y-%m-%d %H:%M"}
"""Market reads RFC 3339 with a zone, Direct reads minutes of the shop's own clock."""

_SHOP = ("name", "company", "url", "platform", "version", "agency", "email")


def render_header(payload: Mapping[str, Any], date_format: str, zone: tzinfo = UTC) -> bytes:
    """The head of a feed, up to and including `<offers>`.

    `payload`: `date` (aware datetime, or its ISO text), `name`, `company`, `url`, `currencies` (`["RUB"]` or
    `[{"id", "rate"}]`), `categories` (`[{"id", "name", "parentId"}]`), in the order of the feed. `zone` is the one that
    the date is written in.

    Raises:
        ConfigError: something that a feed cannot be without is missing.
    """
    missing = [name for name in ("date", "name", "company", "url") if not payload.get(name)]
    if missing:
        msg = f"the feed's header needs {', '.join(missing)}"
        raise ConfigError(msg)
    shop = "".join(f"<{name}>{escape(payload[name])}</{name}>" for name in _SHOP if payload.get(name))
    currencies = "".join(map(_currency, payload.get("currencies") or ["RUB"]))
    categories = "\n".join(map(_category, payload.get("categories") or []))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<yml_catalog date="{_date(payload["date"], date_format, zone)}">\n<shop>{shop}\n'
        f"<currencies>{currencies}</currencies>\n<categories>\n{categories}\n</categories>\n<offers>\n"
    )
    return legal(text.encode("utf-8", "ignore"))


def _date(value: datetime | str, date_format: str, zone: tzinfo) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo is None:
        raise ConfigError("the feed's date needs a zone")
    moment, pattern = moment.astimezone(zone), FORMATS[date_format]
    return moment.strftime(pattern) if pattern else moment.isoformat(timespec="seconds")


def _currency(one: str | Mapping[str, Any]) -> str:
    id_, rate = (one, "1") if isinstance(one, str) else (one["id"], one.get("rate", "1"))
    return f'<currency id="{escape(id_)}" rate="{escape(rate)}"/>'


def _category(one: Mapping[str, Any]) -> str:
    parent = f' parentId="{escape(one["parentId"])}"' if one.get("parentId") else ""
    return f'<category id="{escape(one["id"])}"{parent}>{escape(one["name"])}</category>'
