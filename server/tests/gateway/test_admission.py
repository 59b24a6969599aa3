"""Keys, snapshots, and what the gateway says about itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, PROVIDER_KEY, Rig, reply, until
from gateway.routed import follow, key
from gateway.wires import chat_body

from quotah_server.domain.secrets import mint_key
from quotah_server.gateway.limits import Limits
from quotah_server.kit.clock import utc_now

CHAT = "/openai/v1/chat/completions"
ASK = {"model": "gpt-4o", "messages": []}


def post(rig: Rig, key: str, path: str = CHAT, **headers: str) -> httpx2.Response:
    sent = {"authorization": f"Bearer {key}", **headers}
    return httpx2.post(rig.url + path, json=ASK, headers=sent, timeout=DEADLINE_S)


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("header", ["x-api-key", "x-goog-api-key"])
def test_the_key_is_found_wherever_a_vendor_puts_its_own(rig: Rig, header: str) -> None:
    rig.provider.answer = reply(chat_body())
    answer = httpx2.post(rig.url + CHAT, json=ASK, headers={header: rig.key})
    assert answer.status_code == 200
    assert all(rig.key not in value for _, value in rig.provider.received[0].headers)


def test_refusals_say_what_is_wrong_with_the_key(rig: Rig) -> None:
    answer = httpx2.post(rig.url + CHAT, json=ASK)
    assert code(answer) == (401, "missing_api_key")
    assert "qk_gw_" in answer.json()["error"]["message"]
    assert answer.headers["x-quotah-request-id"]
    good = mint_key("gateway")
    assert code(post(rig, good)) == (401, "invalid_api_key")
    mistyped = good[:-1] + ("A" if good[-1] != "A" else "B")
    assert "mistyped" in post(rig, mistyped).json()["error"]["message"]
    assert code(post(rig, mint_key("ingest"))) == (401, "wrong_key_kind")
    nowhere = post(rig, rig.key, "/nowhere/v1/x")
    assert code(nowhere) == (404, "unknown_provider")
    assert "/openai/v1/" in nowhere.json()["error"]["message"]
    assert code(post(rig, rig.key, "/openai/v1/%2e%2e/admin")) == (400, "invalid_path")
    assert not rig.provider.received


def test_an_expired_key_is_refused(rig: Rig) -> None:
    rig.publish(rig.make_snapshot(2, expires_at=utc_now() - timedelta(seconds=1)))
    assert rig.gateway is not None
    assert rig.gateway.holder.wait_for(2, DEADLINE_S)
    assert code(post(rig, rig.key)) == (401, "expired_api_key")


def test_a_revoked_key_stops_as_soon_as_the_snapshot_says_so(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    assert post(rig, rig.key).status_code == 200
    rig.publish(rig.make_snapshot(2, keys=[]))
    until(lambda: post(rig, rig.key).status_code == 401, "the key stops", deadline_s=5)


def test_a_new_key_works_as_soon_as_the_snapshot_says_so(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    fresh = mint_key("gateway")
    assert post(rig, fresh).status_code == 401
    rig.publish(rig.make_snapshot(2, keys=[rig.key, fresh]))
    until(lambda: post(rig, fresh).status_code == 200, "the key works", deadline_s=5)


def test_with_the_control_plane_down_known_keys_work_and_unknown_ones_are_told_to_wait(
    rig: Rig,
) -> None:
    rig.provider.answer = reply(chat_body())
    rig.call(rig.control.stop())
    gateway = rig.gateway
    assert gateway is not None
    until(lambda: not gateway.holder.control_plane_up, "the gateway notices")
    assert post(rig, rig.key).status_code == 200
    unknown = post(rig, mint_key("gateway"))
    assert code(unknown) == (503, "control_plane_unavailable")
    assert int(unknown.headers["retry-after"]) >= 1
    assert code(post(rig, "nonsense")) == (401, "invalid_api_key")
    rig.call(rig.control.start())
    assert len(rig.events(1)) == 1
    until(lambda: post(rig, mint_key("gateway")).status_code == 401, "it recovers by itself")


def test_a_gateway_starts_from_disk_while_the_control_plane_is_down(tmp_path: Path) -> None:
    with Rig(tmp_path) as first:
        key = first.key
        until((tmp_path / "gateway" / "snapshot.bin").exists, "the snapshot is kept")
    assert PROVIDER_KEY.encode() not in (tmp_path / "gateway" / "snapshot.bin").read_bytes()
    assert (tmp_path / "gateway" / "snapshot.bin").stat().st_mode & 0o077 == 0
    with Rig(tmp_path, control_up=False) as second:
        answer = post(second, key)
        # The credential in the snapshot leads to the first rig's provider, which is gone.
        assert code(answer) == (502, "connection_failed")
        assert httpx2.get(f"{second.url}/readyz").status_code == 200


def test_a_gateway_starts_from_what_an_older_one_kept_while_the_control_plane_is_down(
    tmp_path: Path,
) -> None:
    with Rig(tmp_path) as first:
        key = first.key
        until((tmp_path / "gateway" / "snapshot.bin").exists, "the snapshot is kept")
    kept = tmp_path / "gateway" / "snapshot.bin"
    newer = msgspec.msgpack.decode(kept.read_bytes())
    newer["routes"] = newer.pop("mounts")
    kept.write_bytes(msgspec.msgpack.encode(newer))
    with Rig(tmp_path, control_up=False) as second:
        assert code(post(second, key)) == (502, "connection_failed")


def test_a_gateway_that_never_saw_a_snapshot_asks_for_patience(tmp_path: Path) -> None:
    with Rig(tmp_path, control_up=False) as rig:
        answer = post(rig, rig.key)
        assert code(answer) == (503, "control_plane_unavailable")
        assert "retry-after" in answer.headers
        assert httpx2.get(f"{rig.url}/readyz").status_code == 503
        assert httpx2.get(f"{rig.url}/healthz").status_code == 200


def test_a_damaged_snapshot_on_disk_does_not_stop_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    folder.mkdir()
    (folder / "snapshot.bin").write_bytes(b"\x93garbage")
    with Rig(tmp_path) as rig:
        rig.provider.answer = reply(chat_body())
        assert post(rig, rig.key).status_code == 200


def test_a_credential_moved_to_another_origin_does_not_open(rig: Rig) -> None:
    snapshot = rig.make_snapshot(2)
    route = snapshot.mounts["w" * 32]["openai"]
    elsewhere = msgspec.structs.replace(route.credentials[0], base_url="http://127.0.0.1:9/v1")
    moved = msgspec.structs.replace(route, credentials=(elsewhere,))
    snapshot.mounts["w" * 32]["openai"] = moved
    rig.publish(snapshot)
    assert rig.gateway is not None
    assert rig.gateway.holder.wait_for(2, DEADLINE_S)
    assert code(post(rig, rig.key)) == (503, "provider_key_unusable")


def test_a_vendor_without_a_stored_key_is_there_for_those_alone_who_bring_one(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    snapshot = rig.make_snapshot(2)
    route = snapshot.mounts["w" * 32]["openai"]
    base_url = route.credentials[0].base_url
    bare = msgspec.structs.replace(route, credentials=(), base_url=base_url)
    snapshot.mounts["w" * 32]["openai"] = bare
    rig.publish(snapshot)
    assert rig.gateway is not None
    assert rig.gateway.holder.wait_for(2, DEADLINE_S)
    assert code(post(rig, rig.key)) == (404, "unknown_provider")
    assert not rig.provider.received
    # Admitted, and then stopped at the address: nobody allowed this one, which is on this machine.
    brought = post(rig, "sk-the-callers-own", **{"x-quotah-key": rig.key})
    assert code(brought) == (502, "address_refused")


def test_bodies_and_headers_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    with Rig(tmp_path, limits=Limits(request_bytes=1000, header_bytes=2000)) as rig:
        rig.provider.answer = reply(chat_body())
        big = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x" * 1000}]}
        answer = httpx2.post(rig.url + CHAT, json=big, headers=rig.bearer)
        assert code(answer) == (413, "request_too_large")
        chunked = httpx2.post(
            rig.url + CHAT, content=iter([b"x" * 600, b"x" * 600]), headers=rig.bearer
        )
        assert code(chunked) == (413, "request_too_large")
        wide = httpx2.post(rig.url + CHAT, json=ASK, headers={**rig.bearer, "x-a": "y" * 2000})
        assert code(wide) == (431, "headers_too_large")
        assert not rig.provider.received


def test_attribution_headers_reach_the_event(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    post(
        rig, rig.key,
        **{
            "x-quotah-feature": "search", "x-quotah-user": "u%C3%A9", "x-quotah-session": "s1",
            "x-quotah-team": "blue", "x-quotah-prompt": "greet@3", "x-quotah-tags": "a=1, b = x y",
            "x-quotah-request-id": "r-9",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        },
    )  # fmt: skip
    call = rig.event().call
    who = call.attribution
    assert (who.feature, who.user, who.session, who.team) == ("search", "ué", "s1", "blue")
    assert (who.prompt, who.prompt_version) == ("greet", "3")
    assert who.tags == {"a": "1", "b": "x y"}
    assert who.request_id == "r-9"
    assert (who.environment, who.key_id) == ("production", "0" * 32)
    assert call.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert call.parent_span_id == "b7ad6b7169203331"


def test_attribution_that_makes_no_sense_never_breaks_the_call_and_is_counted(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    odd = {
        "x-quotah-feature": "f" * 5000, "x-quotah-tags": "novalue,=x," + "k" * 100 + "=1,ok=1",
        "x-quotah-user": "%00%0a", "x-quotah-color": "red", "traceparent": "junk",
    }  # fmt: skip
    assert post(rig, rig.key, **odd).status_code == 200
    who = rig.event().call.attribution
    assert who.feature == "f" * 200
    assert who.tags == {"ok": "1"}
    assert who.user is None
    metrics = httpx2.get(f"{rig.url}/metrics").text
    for header in ("feature", "tags", "user", "unknown"):
        assert f'attribution_dropped_total{{header="{header}"}} 1.0' in metrics


def test_a_call_to_the_mock_is_marked_as_such(rig: Rig) -> None:
    rig.publish(rig.make_snapshot(2, is_mock=True))
    assert rig.gateway is not None
    assert rig.gateway.holder.wait_for(2, DEADLINE_S)
    rig.provider.answer = reply(chat_body())
    post(rig, rig.key)
    event = rig.event()
    assert event.call.attribution.environment == "mock"
    assert "base_url" not in event.call.extras


def test_metrics_name_no_tenant_and_no_key(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    post(rig, rig.key)
    rig.event()

    def scrape() -> str | None:
        found = httpx2.get(f"{rig.url}/metrics").text
        return found if "delivered_total 1.0" in found else None

    text = until(scrape, "the metrics catch up")
    assert 'attempts_total{operation="chat",provider="openai",status="success"} 1.0' in text
    assert 'quotah_gateway_attempt_seconds_count{provider="openai"} 1.0' in text
    assert "quotah_gateway_journal_depth 0.0" in text
    assert "quotah_gateway_intents_open 0.0" in text
    for secret in (rig.key, PROVIDER_KEY, "w" * 32):
        assert secret not in text


def test_logs_and_reprs_hold_no_secret(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.provider.answer = reply(b"no", status=500)
    post(rig, rig.key, **{"x-quotah-user": "u"})
    rig.event()
    assert rig.gateway is not None
    view = rig.gateway.holder.view
    assert view is not None
    shown = repr(view.mount("w" * 32, "openai"))
    logged = capsys.readouterr()
    for secret in (rig.key, PROVIDER_KEY):
        assert secret not in shown + logged.out + logged.err
    assert "call_failed" in logged.out + logged.err


def test_a_missing_price_book_degrades_the_gateway_and_stops_no_call(rig: Rig) -> None:
    snapshot = msgspec.structs.replace(rig.make_snapshot(2), book_version="nobody-has-it")
    rig.publish(snapshot)
    assert rig.gateway is not None
    assert rig.gateway.holder.wait_for(2, DEADLINE_S)
    until(lambda: httpx2.get(f"{rig.url}/readyz").json().get("degraded"), "the gateway says so")
    answer = httpx2.get(f"{rig.url}/readyz")
    assert answer.status_code == 200
    assert answer.json()["degraded"] == ["a price book is missing"]
    rig.provider.answer = reply(chat_body())
    assert post(rig, rig.key).status_code == 200


def test_a_gateway_that_is_well_has_nothing_degraded(rig: Rig) -> None:
    answer = httpx2.get(f"{rig.url}/readyz")
    assert answer.status_code == 200
    assert "degraded" not in answer.json()


def test_the_key_of_a_google_client_is_found_in_the_query_and_stays_here(rig: Rig) -> None:
    follow(rig, mounts={"gemini": [key("g")]})
    rig.provider.answer = reply(b'{"candidates":[]}')
    path = "/gemini/v1beta/models/gemini-2.5-flash:generateContent"
    answer = httpx2.post(f"{rig.url}{path}?key={rig.key}&alt=json", json={"contents": []})
    assert answer.status_code == 200
    (received,) = rig.provider.received
    assert rig.key not in received.target
    assert "alt=json" in received.target
    assert received.header("x-goog-api-key") == "g"
    assert rig.event().call.model_requested == "gemini-2.5-flash"
