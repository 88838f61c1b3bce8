"""Secrets never reach a message: every form in which they travel is masked.

A secret leaves its setting in more shapes than one: percent-encoded in a URL, base64 in a Basic header, escaped in
JSON. `Redactor` knows all of them; connectors pass every text that came from outside through it.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, urlsplit

MASK = "***"
_USERINFO = re.compile(r"(?<=//)[^/@\s]+@")
_QUERY = re.compile(r"\?[^\s'\"<>]*")


class Redactor:
    """Masks known secrets, URL userinfo and URL queries in a text."""

    def __init__(self, secrets: Iterable[str], login: str = "") -> None:
        """Take the literal secrets; `login` is only needed for the form `base64(login:secret)`."""
        forms: set[str] = set()
        for secret in secrets:
            if secret:
                forms |= _forms(secret, login)
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if forms else None

    def __call__(self, text: str) -> str:
        """The text with every secret, userinfo and query replaced by `***`; safe to log."""
        if self._secrets:
            text = self._secrets.sub(MASK, text)
        return _QUERY.sub(f"?{MASK}", _USERINFO.sub(f"{MASK}@", text))


def _forms(secret: str, login: str) -> set[str]:
    """Every spelling in which a secret may appear on the wire or in an exception."""
    raw = secret.encode()
    coded = {base64.b64encode(raw), base64.urlsafe_b64encode(raw), base64.b64encode(f"{login}:{secret}".encode())}
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], raw.hex()}
    forms |= {code.decode() for code in coded}
    return forms | {code.decode().rstrip("=") for code in coded}


def place(url: str) -> str:
    """`scheme://host:port/path` of a URL: what a message may show of it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


class _QueryFilter(logging.Filter):
    """Cuts queries out of urllib3's debug lines: keys and signatures may travel there."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's arguments in place; never drops a record."""
        if isinstance(record.args, tuple):
            record.args = tuple(_QUERY.sub(f"?{MASK}", a) if isinstance(a, str) else a for a in record.args)
        return True


def quieten_urllib3() -> None:
    """Put the query filter on urllib3's connection logger; safe twice."""
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(known, _QueryFilter) for known in logger.filters):
        logger.addFilter(_QueryFilter())
