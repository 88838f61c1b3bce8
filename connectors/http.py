"""The one way to talk HTTP: `requests` with the guarantees that it lacks.

- A total deadline for the whole exchange: a server that drips a byte a second ends it too.
- A cap on the body, before and after decompression; a body cut short is an error, never a shorter answer.
- No redirects (secrets in headers would follow them to another host), TLS always verified, no proxies or `.netrc`
  from the environment.
- A connection serves one request at a time and is kept for the next.
- Every failure is one of our errors and says what happens next; none contains a secret.

A request that may have arrived but got no usable answer raises `Unanswered` (`Silent` when nothing came at all): its
effect is unknown. Everything else that raises `RetryLater` surely had no effect.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, cast

import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from canonical_model.errors import ConfigError, RetryLater
from connectors import deadlines
from connectors.protocol import Pace
from connectors.redaction import Redactor, place, quieten_urllib3

LONGEST_WAIT_S = 900.0
"""No `Retry-After` may silence a connection for longer: some servers send 10^9."""

DEFAULT_WAIT_S = 10.0
CONNECT_S = 10.0
_CHUNK = 1 << 16
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
T = TypeVar("T")
Auth = Callable[[str, str, Mapping[str, str]], tuple[Mapping[str, str], Mapping[str, str]]]
"""`(method, url, params) -> (params, headers)`: what makes a request ours."""


class Unanswered(RetryLater):
    """The request may have arrived, no usable answer came: whoever created something must ask before repeating."""


class Silent(Unanswered):
    """Not even a status came: time ran out or the connection broke. The request may still be at work over there."""


class Busy(RetryLater):
    """429: surely not taken; the connection's pace has been slowed down."""


@dataclass(frozen=True)
class Answer:
    """A complete answer: 2xx, or a 4xx that concerns the request itself.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        body: whole body, decompressed.
        where: method and address without its query, for messages.
        redact: masks secrets in whatever is quoted from the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str
    redact: Redactor

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as strict JSON: no NaN, no duplicate keys, no bottomless nesting; raises `Unanswered`."""
        try:
            return json.loads(self.body, object_pairs_hook=_unique, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            why = self._not_json(str(error))
        raise Unanswered(why)

    def decode(self, shape: type[T]) -> T:
        """The body as JSON of a known shape; raises `Unanswered` when it is anything else."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            why = self._not_json(str(error))
        raise Unanswered(why)

    def _not_json(self, detail: str) -> str:
        """Say what came in place of JSON."""
        return f"{self.where}: {self.status} with {self.came(detail)} where JSON was expected"

    def came(self, detail: str = "") -> str:
        """What the body looks like, in a few words."""
        body = self.body.strip()
        if not body:
            return "an empty body"
        if body.startswith(b"<"):
            found = _TITLE.search(body[:20_000])
            title = found.group(1).strip().decode("utf-8", "replace")[:80] if found else ""
            return f"a web page ({self.redact(title)})" if title else "a web page"
        said = f" ({self.redact(detail)})" if detail else ""
        return f"{len(self.body)} bytes of {self.headers.get('content-type', 'unnamed type')}{said}"


class Http:
    """One remote system: its address, credentials, pace and limits. Safe to use from several threads."""

    def __init__(
        self,
        base: str,
        *,
        pace: Pace,
        auth: Auth | None = None,
        redact: Redactor | None = None,
        deadline_s: float = 60.0,
        cap: int = 64 << 20,
        ca_file: str | None = None,
    ) -> None:
        """`base` is the address that paths are appended to; `cap` the most bytes an answer may have."""
        quieten_urllib3()
        self.base = base.rstrip("/")
        self._pace, self._auth, self.redact = pace, auth, redact or Redactor(())
        self._deadline_s, self._cap, self._verify = deadline_s, cap, ca_file or True
        self._idle: list[requests.Session] = []

    def close(self) -> None:
        """Close the connections that are kept for the next request."""
        while self._idle:
            self._idle.pop().close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """GET; safe to repeat."""
        return self.send("GET", path, params)

    def send(self, method: str, path: str, params: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """One paced exchange.

        Raises:
            ConfigError: 401, 403, a redirect, a certificate that cannot be trusted.
            Busy: 429.
            Unanswered: 5xx, time-out or break after the request may have arrived.
            RetryLater: refused, name not found, not connected in time.
        """
        self._pace.take()
        where = f"{method} {place(self.base + path)}"
        session = self._idle.pop() if self._idle else _session()
        try:
            answer = self._exchange(session, method, where, path, dict(params or {}), body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, zlib.error) as error:
            session.close()
            failure = _explain(error, where, self.redact)
        except RetryLater:
            session.close()
            raise
        else:
            self._idle.append(session)
            return self._judge(answer)
        raise failure

    def _exchange(
        self, session: requests.Session, method: str, where: str, path: str, params: dict[str, str], body: bytes
    ) -> Answer:
        """Send, then read the whole body within deadline and cap."""
        url, headers = self.base + path, {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if body:
            headers["Content-Type"] = "application/json"
        sent: Mapping[str, str] = params
        if self._auth:
            sent, own = self._auth(method, url, params)
            headers |= own
        with (
            deadlines.within(self._deadline_s),
            session.request(
                method,
                url,
                params=sent,
                data=body or None,
                headers=headers,
                allow_redirects=False,
                stream=True,
                timeout=(min(CONNECT_S, self._deadline_s), self._deadline_s),
                verify=self._verify,
            ) as response,
        ):
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, names, self._read(response, names, where), where, self.redact)

    def _read(self, response: requests.Response, headers: Mapping[str, str], where: str) -> bytes:
        """The body, complete and decompressed, or an error."""
        coding = headers.get("content-encoding", "identity").lower()
        if coding not in ("identity", "gzip", ""):
            msg = f"{where}: answered in {coding!r}, which was not asked for"
            raise Unanswered(msg)
        unzip = zlib.decompressobj(31) if coding == "gzip" else None
        parts, size = [], 0
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            part = unzip.decompress(chunk, self._cap + 1 - size) if unzip else chunk
            parts.append(part)
            size += len(part)
            if size > self._cap:
                msg = f"{where}: the answer is larger than {self._cap} bytes; ask for less at once"
                raise Unanswered(msg)
        if unzip and parts and not unzip.eof:
            msg = f"{where}: the compressed answer was cut short"
            raise Unanswered(msg)
        return b"".join(parts)

    def _judge(self, answer: Answer) -> Answer:
        """Turn statuses that do not concern the request itself into errors."""
        status, where = answer.status, answer.where
        if status in (401, 403):
            why = f"the credentials were not accepted{_detail(answer)}; put valid ones into the connection"
            msg = f"{where}: {status}, {why}"
            raise ConfigError(msg)
        if status == 429:
            wait = retry_after(answer.headers.get("retry-after"))
            self._pace.slow_down(wait)
            msg = f"{where}: 429, asked to wait {wait:.0f} s"
            raise Busy(msg, wait)
        if 300 <= status < 400:
            target = place(answer.headers.get("location", ""))
            msg = f"{where}: {status}, redirects to {self.redact(target)}; put that address into the connection"
            raise ConfigError(msg)
        if status >= 500 or status == 408:
            wait = retry_after(answer.headers.get("retry-after"), 30.0)
            msg = f"{where}: {status} with {answer.came()}{_detail(answer)}"
            raise Unanswered(msg, wait)
        return answer


def _session() -> requests.Session:
    """A session that takes nothing from the environment and repeats nothing by itself."""
    session = requests.Session()
    session.trust_env = False
    adapter = deadlines.Adapter(pool_connections=1, pool_maxsize=1, max_retries=Retry(0, read=False))
    session.mount("http://", cast(HTTPAdapter, adapter))
    session.mount("https://", cast(HTTPAdapter, adapter))
    return session


def _explain(error: Exception, where: str, redact: Redactor) -> ConfigError | RetryLater:
    """The error of ours that says what happens next; carries no secret and no foreign exception."""
    text = repr(error)
    if isinstance(error, requests.exceptions.SSLError):
        return ConfigError(f"{where}: the certificate cannot be trusted ({_last_words(redact(str(error)))})")
    if isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema | requests.exceptions.InvalidSchema
    ):
        return ConfigError(f"{where}: this is not an address that can be called")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return RetryLater(f"{where}: no connection in time")
    if "NameResolutionError" in text:
        return RetryLater(f"{where}: the host name is not known")
    if "NewConnectionError" in text:
        return RetryLater(f"{where}: connection refused")
    if isinstance(error, requests.exceptions.Timeout | TimeoutError) or "Timeout" in text or "timed out" in text:
        return Silent(f"{where}: no complete answer in time")
    if "IncompleteRead" in text:
        return Silent(f"{where}: the answer was cut short")
    return Silent(f"{where}: the connection broke ({type(error).__name__})")


def _last_words(text: str) -> str:
    """The end of a nested message, where the reason stands."""
    return text.rsplit(": ", 1)[-1].strip("()'\" ")[:120]


def _detail(answer: Answer) -> str:
    """What the answer's own JSON `code` or `message` says, masked; empty when it says nothing."""
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    words = [str(said[name]) for name in ("code", "message") if isinstance(said.get(name), str)]
    return f" ({answer.redact(': '.join(words))[:200]})" if words else ""


def retry_after(value: str | None, default: float = DEFAULT_WAIT_S) -> float:
    """Seconds to wait by a `Retry-After` header: seconds or a date, at most fifteen minutes."""
    if not value:
        return default
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return default
    if seconds != seconds:
        return default
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are all different."""
    items = list(pairs)
    found = dict(items)
    if len(found) != len(items):
        msg = "a name stands twice in one object"
        raise ValueError(msg)
    return found


def _no_constant(name: str) -> NoReturn:
    """Refuse `NaN` and `Infinity`, which are not JSON."""
    msg = f"{name} is not JSON"
    raise ValueError(msg)
