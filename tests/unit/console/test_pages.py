import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI, Header, HTTPException

from hub.console.pages.app import make_app
from hub.landscape.hub import Hub

ROLES = {"viewer": 1, "op": 2}


def signed_in(role: Annotated[str, Header()] = "") -> str:
    if role not in ROLES:
        raise HTTPException(401, "Not authenticated")
    return role


def operator(role: Annotated[str, Header()] = "") -> None:
    if ROLES.get(signed_in(role), 0) < ROLES["op"]:
        raise HTTPException(403, "Forbidden")


def who(role: Annotated[str, Header()] = "") -> str:
    return f"{role} Анна"


class Client:
    """Sends requests to the pages, mounted as Airflow mounts them."""

    def __init__(self, hub: Hub) -> None:
        self.airflow = FastAPI()
        self.airflow.mount("/hub", make_app(lambda: hub, signed_in=signed_in, operator=operator, who=who))

    def request(self, method: str, path: str, **fields: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.airflow)
            async with httpx.AsyncClient(transport=transport, base_url="http://airflow.test") as client:
                return await client.request(method, f"/hub{path}", **fields)

        return asyncio.run(send())

    def get(self, path: str, **fields: Any) -> httpx.Response:
        return self.request("GET", path, **fields)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self.request("POST", path, **fields)


@pytest.fixture
def client(hub: Hub) -> Client:
    return Client(hub)


READS = ["/", "/runs/1", "/held", "/quarantine", "/quarantine/1", "/refused", "/assets/hub.css"]
WRITES = [
    "/targets/shop/pause",
    "/targets/shop/resume",
    "/held/1/release",
    "/held/1/reject",
    "/quarantine/1/replay",
]
AS_VIEWER, AS_OPERATOR = {"role": "viewer"}, {"role": "op"}


def routes() -> list[tuple[str, str]]:
    app = make_app(lambda: None, signed_in=signed_in, operator=operator, who=who)  # type: ignore[arg-type, return-value]
    return [(method, route.path) for route in app.routes for method in route.methods]  # type: ignore[attr-defined]


def filled(path: str) -> str:
    for name, value in (("{target}", "shop"), ("{name}", "hub.css")):
        path = path.replace(name, value)
    for name in ("{run_id}", "{batch}", "{record}"):
        path = path.replace(name, "1")
    return path


def test_the_lists_of_this_test_are_all_routes() -> None:
    assert sorted({filled(path) for _, path in routes()}) == sorted(READS + WRITES)


@pytest.mark.parametrize(("method", "path"), routes(), ids=lambda value: value)
def test_every_route_needs_a_signed_in_user(client: Client, method: str, path: str) -> None:
    assert client.request(method, filled(path)).status_code == 401


@pytest.mark.parametrize("path", WRITES)
def test_a_viewer_cannot_write(client: Client, path: str) -> None:
    assert client.post(path, headers=AS_VIEWER).status_code == 403


@pytest.mark.parametrize("path", WRITES)
def test_a_form_sent_by_another_site_is_refused(client: Client, path: str) -> None:
    assert client.post(path, headers=AS_OPERATOR | {"sec-fetch-site": "cross-site"}).status_code == 403


def read(client: Client, path: str) -> str:
    answer = client.get(path, headers=AS_VIEWER)
    assert answer.status_code == 200, answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    return answer.text


def test_an_empty_hub_says_how_to_start(client: Client) -> None:
    html = read(client, "/")
    assert "Nothing has run yet" in html
    assert "not asked yet" in html


def test_the_first_page_shows_what_needs_a_person(client: Client, night: dict[str, int]) -> None:
    html = read(client, "/")
    for words in (
        "12 changed tonight, all read back",
        "erp/catalogue holds back 1 batch",
        "press Release or Reject",
        "erp/catalogue has 1 record in quarantine",
        "shop/product refused 1 document",
        "shadow",
    ):
        assert words in html


def test_a_dead_source_is_red(hub: Hub, client: Client, put: Callable[..., Any]) -> None:
    streams = hub.landscape.systems["erp"].streams
    streams["catalogue"] = msgspec.structs.replace(streams["catalogue"], blackout=())
    put(
        "insert into stream_state (system, stream, asked_at, landed_at) "
        "values ('erp', 'catalogue', now(), now() - interval '50 hours')"
    )
    html = read(client, "/")
    assert "erp/catalogue is dead" in html
    assert "hub check" in html


def test_a_run_shows_its_evidence(client: Client, night: dict[str, int]) -> None:
    html = read(client, f"/runs/{night['run']}")
    assert "target:shop/product" in html
    assert "A-2" in html


def test_links_lead_back_from_deeper_pages(client: Client, night: dict[str, int]) -> None:
    assert 'href="../assets/hub.css"' in read(client, f"/runs/{night['run']}")
    assert 'href="./assets/hub.css"' in read(client, "/held")


def test_a_raw_record_is_shown_escaped(client: Client, night: dict[str, int]) -> None:
    html = read(client, f"/quarantine/{night['parked']}")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_release_settles_a_batch_in_the_operators_name(
    client: Client, night: dict[str, int], put: Callable[..., Any]
) -> None:
    assert "300 products, not 700" in read(client, "/held")
    answer = client.post(f"/held/{night['batch']}/release", headers=AS_OPERATOR)
    assert (answer.status_code, answer.headers["location"]) == (303, "../../held")
    assert put("select state || ' by ' || settled_by from held_batch") == "released by op Анна"
    assert put("select action || ' by ' || \"by\" from audit") == "batch.released by op Анна"
    assert "No batch is held" in read(client, "/held")


def test_reject_refuses_a_batch(client: Client, night: dict[str, int], put: Callable[..., Any]) -> None:
    client.post(f"/held/{night['batch']}/reject", headers=AS_OPERATOR)
    assert put("select state from batch") == "refused"


def test_a_batch_that_is_not_held_cannot_be_released(client: Client) -> None:
    answer = client.post("/held/99/release", headers=AS_OPERATOR)
    assert answer.status_code == 409
    assert "batch 99 is not held" in answer.text


def test_pause_and_resume(client: Client, put: Callable[..., Any]) -> None:
    assert client.post("/targets/shop/pause", headers=AS_OPERATOR, data={"reason": " "}).status_code == 409
    client.post("/targets/shop/pause", headers=AS_OPERATOR, data={"reason": "the shop moves house"})
    assert "shop is paused by op Анна: the shop moves house" in read(client, "/")
    client.post("/targets/shop/resume", headers=AS_OPERATOR)
    assert put("select count(*) from pause") == 0


def test_replay_lands_the_record_again(client: Client, night: dict[str, int], put: Callable[..., Any]) -> None:
    answer = client.post(f"/quarantine/{night['parked']}/replay", headers=AS_OPERATOR)
    assert answer.status_code == 303
    assert put("select state from quarantine") == "replayed"
    assert put("select count(*) from batch where state = 'landed'") == 1
