"""OAuth 1.0a over HTTP as PHP verifies it, Basic over HTTPS only."""

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests


def signed(shop: Any, path: str, method: str = "HMAC-SHA256", secret: str = "cs_test", **changed: str) -> str:
    url = f"{shop.url}/wp-json/wc/v3/{path}"
    params = {
        "oauth_consumer_key": "ck_test", "oauth_timestamp": str(int(time.time())),
        "oauth_nonce": hashlib.sha1(str(time.perf_counter_ns()).encode()).hexdigest(),
        "oauth_signature_method": method, **changed,
    }  # fmt: skip
    text = "&".join(f"{quote(key, safe='')}={quote(params[key], safe='')}" for key in sorted(params))
    base = f"GET&{quote(url, safe='')}&{quote(text, safe='')}"
    digest = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}.get(method, hashlib.md5)
    proof = hmac.new(f"{secret}&".encode(), base.encode(), digest).digest()
    return f"{url}?{urlencode(params | {'oauth_signature': base64.b64encode(proof).decode()})}"


def get(url: str, **headers: str) -> tuple[int, str]:
    answer = requests.get(url, timeout=10, headers=headers)
    return answer.status_code, answer.json()["message"] if answer.status_code != 200 else ""


@pytest.mark.parametrize("method", ["HMAC-SHA256", "HMAC-SHA1"])
def test_a_right_signature_opens(shop: Any, method: str) -> None:
    assert get(signed(shop, "products", method))[0] == 200


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"secret": "cs_other"}, "Invalid signature - provided signature does not match."),
        ({"oauth_consumer_key": "ck_other"}, "Consumer key is invalid."),
        ({"oauth_timestamp": "1600000000"}, "Invalid timestamp."),
        ({"method": "PLAINTEXT"}, "Invalid signature - signature method is invalid."),
        ({"oauth_nonce": ""}, "Missing OAuth parameter oauth_nonce"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_signature_does_not(shop: Any, changed: dict[str, str], message: str) -> None:
    assert get(signed(shop, "products", **changed)) == (401, message)


def test_a_nonce_serves_once(shop: Any) -> None:
    url = signed(shop, "products")
    assert get(url)[0] == 200
    assert get(url) == (401, "Invalid nonce - nonce has already been used.")


def test_of_duplicate_parameters_the_last_wins(shop: Any) -> None:
    url = signed(shop, "products", per_page="5")
    assert get(url.replace("per_page=5", "per_page=7&per_page=5"))[0] == 200
    url = signed(shop, "products", per_page="5")
    assert get(f"{url}&per_page=7")[1] == "Invalid signature - provided signature does not match."


def test_nobody_gets_nothing(shop: Any) -> None:
    answer = requests.get(f"{shop.url}/wp-json/wc/v3/products", timeout=10)
    assert answer.status_code == 401
    assert answer.json()["code"] == "woocommerce_rest_cannot_view"


def test_basic_counts_over_https_only(shop: Any) -> None:
    url = f"{shop.url}/wp-json/wc/v3/products"
    right = "Basic " + base64.b64encode(b"ck_test:cs_test").decode()
    wrong = "Basic " + base64.b64encode(b"ck_test:cs_wrong").decode()
    assert get(url, Authorization=right)[0] == 401
    assert get(url, Authorization=right, **{"X-Forwarded-Proto": "https"})[0] == 200
    assert get(url, Authorization=wrong, **{"X-Forwarded-Proto": "https"}) == (401, "Consumer secret is invalid.")


def test_a_cyrillic_search_is_signed_by_the_official_client(shop: Any) -> None:
    shop.create(name="Чайник «Уют & Дом»", sku="Ч 1")
    assert len(shop.api.get("products", params={"sku": "Ч 1", "search": "Уют"}).json()) == 1
