"""Requests as PHP and WordPress read them."""

import re
from urllib.parse import parse_qsl, quote, unquote

Query = dict[str, "str | list[str]"]
_TAG = re.compile(r"<[^>]*>")


def read_query(text: str) -> Query:
    """`$_GET`: of duplicate names the last wins, `name[]` collects, dots and spaces in names become `_`."""
    query: Query = {}
    for raw, value in parse_qsl(text, keep_blank_values=True):
        base, bracket, _ = raw.partition("[")
        name = base.replace(".", "_").replace(" ", "_")
        if not bracket:
            query[name] = value
            continue
        held = query.get(name)
        query[name] = [*held, value] if isinstance(held, list) else [value]
    return query


def rawurlencode(text: str) -> str:
    """RFC 3986 percent-encoding."""
    return quote(text, safe="-._~")


def oauth_pairs(query: Query) -> list[str]:
    """Normalised parameters as WooCommerce joins them for the signature, sorted by raw name."""
    pairs = []
    for name in sorted(query, key=lambda key: key.encode()):
        value = query[name]
        key = _twice(name)
        if isinstance(value, list):
            pairs += [f"{key}%255B{place}%255D%3D{_twice(entry)}" for place, entry in enumerate(value)]
        else:
            pairs.append(f"{key}%3D{_twice(value)}")
    return pairs


def _twice(text: str) -> str:
    return rawurlencode(unquote(text)).replace("%", "%25")


def sanitize_title(text: str) -> str:
    """`sanitize_title`: lower case, dashes, other scripts percent-encoded, at most 200 bytes."""
    text = _TAG.sub("", text).lower()
    pieces = []
    for character in unquote(text):
        if character.isascii():
            pieces.append(character if re.match(r"[a-z0-9_ -]", character) else "-" if character in "./" else "")
        elif character.isalnum():
            pieces.append(quote(character).lower())
        elif character in "–—\N{NO-BREAK SPACE}":
            pieces.append("-")
    slug = re.sub(r"-+", "-", re.sub(r"\s+", "-", "".join(pieces)))
    return re.sub(r"%[0-9a-f]?$", "", slug[:200]).strip("-")


def format_decimal(value: str) -> str:
    """`wc_format_decimal` with a decimal point: everything else but digits and the sign is dropped.

    A decimal comma is therefore lost: "12,50" becomes 1250.
    """
    return re.sub(r"\.(?![^.]+$)|[^0-9.-]", "", value)


def is_truthy(text: object) -> bool:
    """`rest_sanitize_boolean`."""
    return str(text).lower() not in ("", "0", "false", "none")
