"""Who may ask: OAuth 1.0a over plain HTTP, Basic over HTTPS, as WC_REST_Authentication decides."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import unquote

from sandbox.woocommerce.errors import ShopError
from sandbox.woocommerce.php import Query, oauth_pairs, rawurlencode

WINDOW = 15 * 60
_REQUIRED = (
    "oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method",
)  # fmt: skip
_DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


def _refused(message: str) -> ShopError:
    return ShopError("woocommerce_rest_authentication_error", message, 401)


def _nobody(method: str) -> ShopError:
    verb = {"GET": "view", "POST": "create", "PUT": "edit", "PATCH": "edit", "DELETE": "delete"}.get(method, "view")
    text = "list resources" if method == "GET" else f"{verb} resources"
    return ShopError(f"woocommerce_rest_cannot_{verb}", f"Sorry, you cannot {text}.", 401)


@dataclass(slots=True)
class Keys:
    """One consumer key with its secret, and the nonces seen within the time window."""

    key: str
    secret: str
    nonces: dict[str, int] = field(default_factory=dict)

    def check(self, method: str, url: str, query: Query, authorization: str, now: int, secure: bool) -> None:
        """Let a request through or refuse it; `url` has no query, `now` is Unix time in seconds.

        Raises:
            ShopError: HTTP 401 with Woo's code.
        """
        if secure:
            self._basic(method, query, authorization)
        else:
            self._oauth(method, url, query | _header_parameters(authorization), now)

    def _basic(self, method: str, query: Query, authorization: str) -> None:
        if "consumer_key" in query:
            given = (str(query["consumer_key"]), str(query.get("consumer_secret", "")))
        elif authorization.startswith("Basic "):
            given = _decode(authorization[6:])
        else:
            raise _nobody(method)
        if given[0] != self.key:
            raise _refused("Consumer key is invalid.")
        if not hmac.compare_digest(given[1], self.secret):
            raise _refused("Consumer secret is invalid.")

    def _oauth(self, method: str, url: str, query: Query, now: int) -> None:
        if not query.get("oauth_consumer_key"):
            raise _nobody(method)
        missing = [name for name in _REQUIRED if not query.get(name)]
        if missing:
            names = ", ".join(missing)
            message = f"Missing OAuth parameter{'s' if len(missing) > 1 else ''} {names}"
            raise ShopError("woocommerce_rest_authentication_missing_parameter", message, 401)
        if query["oauth_consumer_key"] != self.key:
            raise _refused("Consumer key is invalid.")
        self._signature(method, url, query)
        self._once(str(query["oauth_timestamp"]), str(query["oauth_nonce"]), now)

    def _signature(self, method: str, url: str, query: Query) -> None:
        digest = _DIGESTS.get(str(query["oauth_signature_method"]))
        if digest is None:
            raise _refused("Invalid signature - signature method is invalid.")
        signed = {name: value for name, value in query.items() if name != "oauth_signature"}
        base = f"{method}&{rawurlencode(url)}&{'%26'.join(oauth_pairs(signed))}"
        proof = hmac.new(f"{self.secret}&".encode(), base.encode(), digest).digest()
        given = str(query["oauth_signature"]).replace(" ", "+")
        if not hmac.compare_digest(base64.b64encode(proof), given.encode()):
            raise _refused("Invalid signature - provided signature does not match.")

    def _once(self, timestamp: str, nonce: str, now: int) -> None:
        if not timestamp.isdigit() or abs(int(timestamp) - now) > WINDOW:
            raise _refused("Invalid timestamp.")
        if nonce in self.nonces:
            raise _refused("Invalid nonce - nonce has already been used.")
        self.nonces[nonce] = int(timestamp)
        if len(self.nonces) % 4096 == 0:
            self.nonces = {name: at for name, at in self.nonces.items() if at >= now - WINDOW}


def _decode(token: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


def _header_parameters(authorization: str) -> Query:
    if not authorization.startswith("OAuth "):
        return {}
    pairs = (part.strip().partition("=") for part in authorization[6:].split(","))
    return {name: _unquoted(value) for name, _, value in pairs if name.startswith("oauth_")}


def _unquoted(value: str) -> str:
    return unquote(value.strip().strip('"'))
