"""How a WooCommerce shop is called: address, authentication, listing without gaps, many requests at once.

Source of the rules: WooCommerce REST API v3 documentation (authentication, batch, pagination). Over plain http a
request is signed by OAuth 1.0a (HMAC-SHA256), over https the key pair travels as Basic.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from canonical_model.errors import ConfigError, HubError, RetryLater
from connectors.http import Answer, Auth, Http
from connectors.protocol import Connection, Pace
from connectors.redaction import Redactor

PAGE = 100
"""The most rows a page, and the most objects a batch, may have."""

IN_FLIGHT = 16
MAX_STALLED = 3
"""Pages that begin with the same row before a shop counts as ignoring `offset`."""

T = TypeVar("T")
R = TypeVar("R")


class Row(msgspec.Struct):
    """The few fields of any row that the connector itself reads."""

    id: int
    sku: str = ""
    slug: str = ""
    type: str = ""
    status: str = ""
    parent_id: int | None = None


def open_shop(connection: Connection, options: Mapping[str, Any], pace: Pace) -> Http:
    """The shop of a connection: `host` (a URL, or a name with `schema` and `port`), `login` = consumer key,
    `password` = consumer secret, `extra.path` where WordPress lives in a folder, `extra.ca_file` for an own authority.

    Raises:
        ConfigError: host or keys are missing.
    """
    if not (connection.host and connection.login and connection.password):
        msg = f"connection {connection.id}: host, consumer key (login) and consumer secret (password) are needed"
        raise ConfigError(msg)
    base = shop_url(connection)
    return Http(
        f"{base}/wp-json/wc/v3",
        pace=pace,
        auth=_auth(connection.login, connection.password, base.startswith("https://")),
        redact=Redactor([connection.password, connection.login], connection.login),
        deadline_s=float(options.get("deadline_s", 60)),
        ca_file=connection.extra.get("ca_file"),
    )


def shop_url(connection: Connection) -> str:
    """`https://shop.example` or `http://localhost:8080/blog`, without a slash at its end."""
    host = connection.host if "://" in connection.host else f"{connection.schema or 'https'}://{connection.host}"
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = f"connection {connection.id}: host must be a name or an http(s) address"
        raise ConfigError(msg)
    port = f":{connection.port}" if connection.port and not parts.port else ""
    path = str(connection.extra.get("path") or parts.path).strip("/")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{port}" + (f"/{path}" if path else "")


def _auth(key: str, secret: str, tls: bool) -> Auth:
    """Basic over TLS; a signature where the secret would be readable on the way."""
    if tls:
        basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
        return lambda _method, _url, params: (params, {"Authorization": f"Basic {basic}"})
    return lambda method, url, params: (signed(method, url, params, key, secret), {})


def signed(method: str, url: str, params: Mapping[str, str], key: str, secret: str) -> dict[str, str]:
    """The query with its OAuth 1.0a signature (RFC 5849 §3.4; one-legged, so the key ends in a lone `&`)."""
    full = dict(params) | {
        "oauth_consumer_key": key,
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
    }
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in full.items())
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    text = "&".join((method, quote(url, safe="~"), quote(joined, safe="~")))
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha256).digest()
    return full | {"oauth_signature": base64.b64encode(digest).decode()}


class NoSuchAddress(ConfigError):
    """404 where rows were expected: the parent is gone, or this is no WooCommerce."""


def expect_rows(answer: Answer) -> list[msgspec.Raw]:
    """The rows of a listing, each as received.

    Raises:
        NoSuchAddress: 404.
        RetryLater: anything else but a list came.
    """
    if answer.ok:
        return answer.decode(list[msgspec.Raw])
    if answer.status == 404:
        msg = f"{answer.where}: 404, no WooCommerce REST API v3 at this address"
        raise NoSuchAddress(msg)
    msg = f"{answer.where}: {answer.status} with {answer.came()} where a list was expected"
    raise RetryLater(msg)


def check(shop: Http) -> str:
    """Reach the shop and say what was found; raises ConfigError or RetryLater."""
    answer = shop.get("/products", {"per_page": "1", "status": "any"})
    expect_rows(answer)
    return f"WooCommerce answers at {shop.base}: {answer.headers.get('x-wp-total', 'some')} products"


class Page(NamedTuple):
    """One page of a listing.

    Attributes:
        answer: what the shop answered, for its headers.
        rows: rows not seen before, each as received.
        last_id: the highest id seen so far.
        last: the listing ends here.
    """

    answer: Answer
    rows: list[msgspec.Raw]
    last_id: int
    last: bool


def listing(shop: Http, path: str, params: Mapping[str, str], after: int = 0) -> Iterator[Page]:
    """Pages of rows with id > `after`, in order of id; the last one may be empty.

    WooCommerce has no `id >` filter, and numbered pages skip rows when an earlier row disappears and repeat them when
    one appears (woocommerce#33386, #32715). So each page starts one row back: unless it begins at or before the last
    id seen, something below it vanished and the reader steps back; what was seen already is left out.

    Raises:
        ConfigError: the shop does not list by id, or is no WooCommerce.
        RetryLater: it gave no list.
    """
    offset, last, back, stalled, first = 0, after, 1, 0, -1
    while stalled < MAX_STALLED:
        query = {**params, "orderby": "id", "order": "asc", "per_page": str(PAGE), "offset": str(offset)}
        answer = shop.get(path, query)
        rows = expect_rows(answer)
        ids = [msgspec.json.decode(row, type=Row).id for row in rows]
        if ids != sorted(set(ids)):
            break
        if offset and (not ids or ids[0] > last):
            offset, back = max(0, offset - back), back * 2
            continue
        full = len(rows) >= PAGE
        stalled, first = (stalled + 1 if full and ids[0] == first else 0), ids[0] if ids else -1
        fresh = [row for row, id_ in zip(rows, ids, strict=True) if id_ > last]
        last = max([last, *ids])
        if fresh or not full:
            yield Page(answer, fresh, last, not full)
        if not full:
            return
        offset, back = offset + len(rows) - 1, 1
    msg = f"{shop.base}{path}: rows do not come in order of id; a plug-in of the shop changes its listings"
    raise ConfigError(msg)


def in_flight(work: Callable[[T], R], jobs: Iterable[T], width: int = IN_FLIGHT) -> Iterator[R]:
    """Results of `work` for each job, as they come; at most `width` run, jobs are taken lazily.

    When one raises one of our errors, no further job is taken; what is under way is finished and yielded first, since
    its effects exist.
    """
    queue, running, failure = iter(jobs), set[Future[R]](), None
    with ThreadPoolExecutor(width, thread_name_prefix="woocommerce") as pool:
        while True:
            while failure is None and len(running) < width and (job := next(queue, None)) is not None:
                running.add(pool.submit(work, job))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                error = future.exception()
                if error is None:
                    yield future.result()
                elif isinstance(error, HubError):
                    failure = failure or error
                else:
                    raise error
    if failure is not None:
        raise failure
