"""HTTP: deadline, caps, half answers, statuses, strict JSON, and nothing secret in what is said."""

import base64
import email.utils
import gzip
import logging
import socket
import time
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from wire import raw, say, server
from woo_rig import NoPace

from canonical_model.errors import ConfigError, RetryLater
from connectors.http import Busy, Http, Silent, Unanswered, retry_after
from connectors.redaction import Redactor, place


def ask(answer: Any, **more: Any) -> Any:
    with server(answer) as (url, _):
        http = Http(url, pace=NoPace(), **{"deadline_s": 2.0, **more})
        try:
            return http.get("/things", {"token": "s3cret-value"})
        finally:
            http.close()


def drip(before: bytes, data: bytes) -> Any:
    def answer(peer: socket.socket, request: bytes) -> None:
        peer.sendall(before)
        for byte in data:
            peer.sendall(bytes([byte]))
            time.sleep(0.05)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"


@pytest.mark.parametrize(
    "answer", [drip(b"", HEAD), drip(HEAD, b" " * 500), drip(HEAD, b"")], ids=["slow head", "slow body", "hang"]
)
def test_the_whole_exchange_ends_at_its_deadline(answer: Any) -> None:
    started = time.monotonic()
    with pytest.raises(Silent, match="in time"):
        ask(answer, deadline_s=0.6)
    assert time.monotonic() - started < 1.6


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}" * 500)[:-4],
        b"HTTP/1.1 200 OK\r\n\r\n" + b'{"a": 1',
        b"",
    ],
    ids=["length", "chunk", "no last chunk", "gzip", "no length", "nothing"],
)
def test_half_an_answer_is_no_answer(data: bytes) -> None:
    with pytest.raises(Unanswered):
        ask(raw(data)).json()


def test_a_bomb_stops_at_the_cap() -> None:
    bomb = gzip.compress(b"\0" * (50 << 20))
    with pytest.raises(Unanswered, match="larger than 1000000 bytes"):
        ask(say("200 OK", bomb, "Content-Encoding: gzip"), cap=1_000_000)
    with pytest.raises(Unanswered, match="larger than 10 bytes"):
        ask(say("200 OK", b"x" * 11), cap=10)


def test_gzip_is_read() -> None:
    assert ask(say("200 OK", gzip.compress(b'{"a":1}'), "Content-Encoding: gzip")).json() == {"a": 1}


@pytest.mark.parametrize(
    ("status", "headers", "error", "words"),
    [
        ("401 No", (), ConfigError, "credentials"),
        ("403 No", (), ConfigError, "credentials"),
        ("301 Moved", ("Location: https://u:p@new.example/x?k=1",), ConfigError, "https://new.example/x"),
        ("429 Slow", ("Retry-After: 7",), Busy, "7 s"),
        ("500 Oops", (), Unanswered, "500"),
        ("503 Busy", ("Retry-After: 5",), Unanswered, "503"),
        ("408 Late", (), Unanswered, "408"),
    ],
)
def test_statuses_say_what_happens_next(status: str, headers: Any, error: type, words: str) -> None:
    with pytest.raises(error) as caught:
        ask(say(status, b'{"code":"x","message":"y"}', *headers))
    assert words in str(caught.value)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("1000000000", 900.0),
        ("-4", 0.0),
        ("nan", 10.0),
        ("soon", 10.0),
        (None, 10.0),
        ("Tue, 01 Dec 2099 00:00:00 GMT", 900.0),
        ("Tue, 01 Dec 2015 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after(value: str | None, seconds: float) -> None:
    assert retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    assert retry_after(email.utils.formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=5)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><title>Log in</title>", "a web page \\(Log in\\)"),
        (b"", "an empty body"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b"[" * 100_000, "where JSON was expected"),
        (b"ok", "2 bytes"),
        (b'{"a": "\xff"}', "where JSON"),
    ],
)
def test_what_is_not_json_is_named(body: bytes, words: str) -> None:
    answer = ask(say("200 OK", body))
    with pytest.raises(Unanswered, match=words):
        answer.json()
    with pytest.raises(Unanswered):
        answer.decode(msgspec.defstruct("Thing", [("b", int)]))


def test_a_refused_connection_and_an_unknown_host_surely_had_no_effect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for base, words in ((f"http://127.0.0.1:{port}", "refused"), ("http://shop.invalid", "not known")):
        with pytest.raises(RetryLater, match=words) as caught:
            Http(base, pace=NoPace()).get("/")
        assert type(caught.value) is RetryLater


def test_a_certificate_that_nobody_knows_is_a_setting(tmp_path: Any) -> None:
    with server(raw(b"not TLS at all")) as (url, _), pytest.raises((ConfigError, RetryLater)) as caught:
        Http(url.replace("http:", "https:"), pace=NoPace(), deadline_s=2).get("/")
    assert type(caught.value) is not Unanswered


def test_connections_are_kept_and_the_pace_is_asked() -> None:
    with server(say("200 OK", b"{}")) as (url, seen):
        pace = NoPace()
        http = Http(url, pace=pace)
        for _ in range(3):
            http.get("/a")
        assert (len(seen), pace.taken) == (3, 3)
        assert len(http._idle) == 1
        http.close()


def test_secrets_are_masked_in_every_spelling(caplog: Any) -> None:
    secret, login = "p@ss/wörd+1", "ck_login"
    redact = Redactor([secret], login)
    basic = base64.b64encode(f"{login}:{secret}".encode()).decode()
    spellings = [secret, quote(secret), quote(secret, safe=""), basic, base64.b64encode(secret.encode()).decode()]
    for text in [*spellings, secret.upper(), f"https://x:{secret}@h/p?key={secret}"]:
        assert secret not in redact(f"oops {text} end")
        assert text not in redact(f"oops {text} end")
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unanswered) as caught:
        ask(say("500 Oops", f'{{"message": "bad {secret} {basic}"}}'.encode()), redact=redact)
    said = f"{caught.value} {caught.value.__context__} {caplog.text}"
    assert not [text for text in [*spellings, "s3cret-value"] if text in said]


def test_a_place_shows_neither_userinfo_nor_query() -> None:
    assert place("https://u:p@h.example:8443/a/b?k=v#f") == "https://h.example:8443/a/b"
