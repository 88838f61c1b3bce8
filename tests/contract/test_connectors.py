"""What every connector owes the engine; a connector that is added gets these tests by being there.

A rule that its `connector.yml` calls `done` is run; one that is `exempt` needs a reason.
"""

import ast
import base64
import io
import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from stands import LOGIN, PASSWORD, SANDBOXES, Stand, is_http, opened
from wire import Answer, raw, say, server

from canonical_model.errors import ConfigError, HubError, RejectRecord, RetryLater
from connectors import registry
from connectors.protocol import Connection, Done, Refused, RetryAt, Unknown

SPECS = Path(__file__).parents[3] / "shared/specs"
ROLE_LINES = {"commerceml": 700}
Rule = Callable[[str, Path], None]


def against(name: str, answer: Answer, use: Callable[[Stand], Any]) -> tuple[Any, Stand]:
    """What the connector does at a server that always answers so: the outcome, or the error that was raised."""
    with server(answer) as (url, _):
        stand = opened(name, url, deadline_s=2)
        try:
            return use(stand), stand
        except HubError as error:
            return error, stand
        finally:
            stand.source.close()
            stand.sink.close()


def every_use(name: str) -> list[Callable[[Stand], Any]]:
    """Everything that reaches out."""
    streams = registry.spec(name).streams
    return [
        lambda stand: stand.source.check(),
        *(lambda stand, stream=stream: list(stand.source.pull(stream, None)) for stream in streams),
        lambda stand: list(stand.sink.push(stand.kind, stand.letters(2))),
        lambda stand: list(stand.sink.ask(stand.kind, stand.letters(2))),
        lambda stand: list(stand.sink.read(stand.kind, ["1"])),
    ]


def push(stand: Stand) -> Any:
    return list(stand.sink.push(stand.kind, stand.letters(2)))


def refused_connection(name: str, folder: Path) -> None:
    if not is_http(name):
        with pytest.raises((ConfigError, RetryLater), match="does not exist"):
            opened(name, str(folder / "nowhere")).source.check()
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    stand = opened(name, f"http://127.0.0.1:{port}")
    with pytest.raises(RetryLater, match="refused"):
        stand.source.check()
    assert {type(outcome) for outcome in push(stand)} == {RetryAt}


def unauthorised(name: str, folder: Path) -> None:
    if not is_http(name):
        pytest.skip("a folder of this machine asks for no password")
    for use in every_use(name):
        error, _ = against(name, say("401 Unauthorized", b'{"code":"x","message":"y"}'), use)
        assert isinstance(error, ConfigError), error


def invalid_settings(name: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match="nothing-is-set"):
        registry.open_source(name, Connection("nothing-is-set"), {}, None)  # type: ignore[arg-type]


def refused_document(name: str, folder: Path) -> None:
    if not is_http(name):
        with SANDBOXES[name](folder) as stand:
            letters = [
                *stand.letters(2),
                stand.letters(2)[1].__class__(7, "offer", "update", "x", {"id": "x", "y": 1.5}),
            ]
            assert [o.letter.id for o in stand.sink.push(stand.kind, letters) if isinstance(o, Refused)] == [7]
        return
    said = {"code": "bad_name", "message": "Invalid parameter(s): name", "data": {"status": 422}}
    outcomes, _ = against(name, say("422 No", json.dumps(said).encode()), push)
    assert {type(outcome) for outcome in outcomes} == {Refused}
    assert {outcome.field for outcome in outcomes} == {"name"}


def rate_limit(name: str, folder: Path) -> None:
    answer = say("429 Too Many Requests", b"", "Retry-After: 7")
    outcomes, stand = against(name, answer, push)
    assert {(type(outcome), outcome.after_s) for outcome in outcomes} == {(RetryAt, 7.0)}
    assert stand.pace.slowed
    assert set(stand.pace.slowed) == {7.0}
    error, _ = against(name, answer, lambda stand: stand.source.check())
    assert isinstance(error, RetryLater)
    assert error.after == 7.0


def timeout_after_commit(name: str, folder: Path) -> None:
    outcomes, _ = against(name, raw(b""), push)
    assert {type(outcome) for outcome in outcomes} == {Unknown}


def html_with_status_200(name: str, folder: Path) -> None:
    for use in every_use(name):
        told, _ = against(name, say("200 OK", b"<html><title>Log in</title></html>", "Content-Type: text/html"), use)
        if isinstance(told, list):
            assert {type(outcome) for outcome in told} == {Unknown}
        else:
            assert isinstance(told, RetryLater), told
            assert "a web page (Log in)" in str(told)


def paging(name: str, folder: Path) -> None:
    with SANDBOXES[name](folder) as stand:
        list(stand.sink.push(stand.kind, stand.letters(230)))
        (stream,) = [key for key, one in registry.spec(name).streams.items() if one.kinds == [stand.kind]]
        kept, seen = 0, []
        for number, blob in enumerate(stand.source.pull(stream, None)):
            records = list(stand.source.cut(stream, blob.body, blob.media))
            seen += [record.id for record in records]
            if number == 0:
                for record in records[:20]:
                    stand.disturb(json.loads(record.body)["sku"])
        kept = 230 + 20
        assert len(seen) == len(set(seen)) == kept


def same_letter_twice(name: str, folder: Path) -> None:
    with SANDBOXES[name](folder) as stand:
        first = list(stand.sink.push(stand.kind, stand.letters(3)))
        rows = stand.rows()
        again = list(stand.sink.push(stand.kind, stand.letters(3)))
        assert {type(outcome) for outcome in [*first, *again]} == {Done}
        assert {o.letter.id: o.target_id for o in first} == {o.letter.id: o.target_id for o in again}
        assert stand.rows() == rows


def secrets_not_logged(name: str, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    if not is_http(name):
        given = Connection("x", login=LOGIN, password=PASSWORD, extra={"folder": str(folder / "no")})
        with pytest.raises(HubError) as caught:
            registry.open_source(name, given, {}, None).check()  # type: ignore[arg-type]
        assert PASSWORD not in f"{caught.value!r} {given!r} {caplog.text}"
        return
    basic = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode())
    echo = f'{{"code": "echo", "message": "{LOGIN} {PASSWORD} {quote(PASSWORD, safe="")} {basic.decode()}"}}'.encode()
    told = []
    for status in ("401 No", "422 No", "500 Oops", "200 OK", "302 There"):
        for use in every_use(name):
            answer = say(status, echo, f"Location: https://{LOGIN}:{quote(PASSWORD, safe='')}@x.example/{PASSWORD}")
            outcome, _ = against(name, answer, use)
            told += (
                [str(one.why if hasattr(one, "why") else getattr(one, "reason", "")) for one in outcome]
                if isinstance(outcome, list)
                else [repr(outcome), repr(outcome.__context__), repr(outcome.__cause__)]
            )
    text = "\n".join([*told, caplog.text])
    for spelling in (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), basic.decode(), LOGIN):
        assert spelling not in text


def samples_accounted_for(name: str, folder: Path) -> None:
    samples = sorted((SPECS / name / "samples").glob("*")) if (SPECS / name / "samples").is_dir() else []
    if not samples:
        pytest.skip("the vendors' samples are not on this machine")
    counts = {}
    for sample in samples:
        for stream in registry.spec(name).streams:
            media = "application/json" if sample.suffix == ".json" else "application/xml"
            try:
                counts[sample.name, stream] = sum(
                    1 for _ in registry.cut(name)(stream, io.BytesIO(sample.read_bytes()), media)
                )
            except RejectRecord as error:
                assert str(error)
    assert sum(counts.values()) > 0


RULES: dict[str, Callable[..., None]] = {
    rule.__name__: rule
    for rule in (
        refused_connection,
        unauthorised,
        invalid_settings,
        refused_document,
        rate_limit,
        timeout_after_commit,
        html_with_status_200,
        paging,
        same_letter_twice,
        secrets_not_logged,
        samples_accounted_for,
    )
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", registry.names())
def test_rule(name: str, rule: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said = registry.spec(name).checklist[rule]
    if said != "done":
        assert len(said.exempt.split()) >= 3, "an exemption needs a reason"
        return
    caplog.set_level(logging.DEBUG)
    if rule == "secrets_not_logged":
        secrets_not_logged(name, tmp_path, caplog)
    else:
        RULES[rule](name, tmp_path)


@pytest.mark.parametrize("name", registry.names())
def test_the_checklist_has_every_rule_and_no_other(name: str) -> None:
    assert set(registry.spec(name).checklist) == set(RULES)


@pytest.mark.parametrize("name", registry.names())
def test_the_folder_is_complete(name: str) -> None:
    folder, spec = registry.FOLDER / name, registry.spec(name)
    wanted = {"__init__.py", "connector.yml", "README.md"}
    wanted |= {"source.py"} if spec.streams else set()
    wanted |= {"sink.py"} if spec.documents else set()
    assert wanted <= {path.name for path in folder.iterdir()}
    assert spec.connection.fields, "a connection without a form cannot be made"


@pytest.mark.parametrize("name", registry.names())
def test_each_role_stays_small(name: str) -> None:
    """At most 300 lines a role, blank ones aside; what roles share counts with them."""
    texts = {path.name: path.read_text("utf-8") for path in (registry.FOLDER / name).glob("*.py")}
    lines = {name: sum(bool(line.strip()) for line in text.splitlines()) for name, text in texts.items()}
    roles = sum(role in lines for role in ("source.py", "sink.py", "receiver.py", "client.py"))
    assert sum(lines.values()) <= ROLE_LINES.get(name, 300 * roles), lines
    assert [name for name, text in texts.items() if not ast.get_docstring(ast.parse(text))] == []


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.parametrize("data", [b"", b"<html><body>Log in</body></html>", b"\x00\xff\xfe garbage", b"null"])
def test_foreign_bytes_are_refused_by_name_never_taken_for_nothing(name: str, data: bytes) -> None:
    for stream in registry.spec(name).streams:
        with pytest.raises(RejectRecord):
            list(registry.cut(name)(stream, io.BytesIO(data), "application/octet-stream"))
