"""Callers who bring a provider key of their own: it goes to the provider's origin, and nowhere else."""

from __future__ import annotations

import httpx2
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, reply
from gateway.routed import ASK, CHAT, code, follow, in_turn, key, mount_of, post, used
from gateway.wires import chat_body

from quotah_server.domain.routing import CachePolicy, Retry, Route, Target

GOOD = reply(chat_body())
OWN = "sk-callers-own-key"


def bring(rig: Rig, *, path: str = CHAT, **headers: str) -> httpx2.Response:
    return httpx2.post(rig.url + path, json=ASK, headers=headers, timeout=DEADLINE_S)


def beside(rig: Rig, own: str = OWN) -> dict[str, str]:
    """Ours in a header of its own, the caller's where the vendor's client puts it."""
    return {"x-quotah-key": rig.key, "authorization": f"Bearer {own}"}


def test_a_key_beside_ours_is_used_in_place_of_the_stored_one(rig: Rig) -> None:
    follow(rig)
    rig.provider.answer = GOOD
    assert bring(rig, **beside(rig)).status_code == 200
    assert bring(
        rig, **{"authorization": f"Bearer {rig.key}", "x-quotah-provider-key": OWN}
    ).status_code == 200  # fmt: skip
    for received in rig.provider.received:
        assert used(received) == OWN
        assert all(rig.key not in value for _, value in received.headers)
        assert not any(name.lower().startswith("x-quotah") for name, _ in received.headers)
    for event in rig.events(2):
        assert event.call.credential_id is None
        assert event.call.attribution.key_id == "0" * 32
        assert event.cost_usd is not None


def test_the_header_travels_as_the_vendors_client_sent_it(rig: Rig) -> None:
    follow(rig, mounts={"anthropic": [key("one")]})
    rig.provider.answer = reply(b"{}")
    bring(
        rig, path="/anthropic/v1/messages",
        **{"x-quotah-key": rig.key, "authorization": "Bearer sk-ant-oat-token"},
    )  # fmt: skip
    (received,) = rig.provider.received
    assert received.header("authorization") == "Bearer sk-ant-oat-token"
    assert received.header("x-api-key") is None


def test_ours_alone_in_its_own_header_uses_the_stored_key(rig: Rig) -> None:
    follow(rig)
    rig.provider.answer = GOOD
    assert bring(rig, **{"x-quotah-key": rig.key}).status_code == 200
    assert bring(
        rig, **{"x-quotah-key": rig.key, "authorization": f"Bearer {rig.key}"}
    ).status_code == 200  # fmt: skip
    assert [used(r) for r in rig.provider.received] == ["one", "one"]


def test_a_key_beside_ours_without_being_announced_is_not_used(rig: Rig) -> None:
    follow(rig)
    rig.provider.answer = GOOD
    answer = bring(rig, **{"authorization": f"Bearer {rig.key}", "x-api-key": OWN})
    assert answer.status_code == 200
    assert used(rig.provider.received[0]) == "one"
    assert all(OWN not in value for _, value in rig.provider.received[0].headers)


def test_a_gateway_key_may_be_closed_to_it(rig: Rig) -> None:
    follow(rig, byok=False)
    rig.provider.answer = GOOD
    assert code(bring(rig, **beside(rig))) == (403, "own_key_not_allowed")
    assert not rig.provider.received
    assert post(rig).status_code == 200


def test_without_a_gateway_key_it_opens_nothing(rig: Rig) -> None:
    follow(rig)
    rig.provider.answer = GOOD
    assert code(bring(rig, authorization=f"Bearer {OWN}")) == (401, "invalid_api_key")
    answer = bring(rig, **{"authorization": f"Bearer {OWN}", "x-quotah-provider-key": OWN})
    assert code(answer) == (401, "invalid_api_key")
    assert not rig.provider.received


def test_a_provider_without_a_stored_key_is_open_to_it(rig: Rig) -> None:
    """The rig's address is private, which nobody allowed for this provider: the call goes so far."""
    follow(rig, mounts={"openai": []})
    rig.provider.answer = GOOD
    assert code(bring(rig, **beside(rig))) == (502, "address_refused")
    assert rig.event().call.credential_id is None
    assert code(post(rig)) == (404, "unknown_provider")


def test_it_stays_at_its_provider_and_is_tried_again_there(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("one")], "spare": [key("two")]},
        providers={"spare": "openai"},
        routes=[
            Route(
                "r", "r", retry=Retry(tries=2, backoff_ms=1),
                targets=(Target(), Target(mount="spare"), Target(model="gpt-4o-mini")),
            )
        ],
    )  # fmt: skip
    bad = reply(b"{}", status=500)
    rig.provider.answer = in_turn(bad, bad, GOOD)
    assert bring(rig, **beside(rig)).status_code == 200
    assert [mount_of(r) for r in rig.provider.received] == ["openai"] * 3
    assert {used(r) for r in rig.provider.received} == {OWN}
    assert [r.json()["model"] for r in rig.provider.received] == ["gpt-4o", "gpt-4o", "gpt-4o-mini"]
    assert [e.call.final for e in rig.events(3)] == [False, False, True]
    metrics = httpx2.get(f"{rig.url}/metrics").text
    assert 'route_targets_skipped_total{reason="own_key"} 1.0' in metrics


@pytest.mark.parametrize("status", [401, 429, 500])
def test_its_failures_say_nothing_about_stored_keys(rig: Rig, status: int) -> None:
    follow(rig)
    rig.provider.answer = reply(b"{}", status=status)
    for _ in range(6):
        bring(rig, **beside(rig))
    gateway = rig.gateway
    assert gateway is not None
    (state,) = gateway.circuits.states()
    assert (state.health, state.breaker) == ("never_used", "closed")
    rig.events(6)


def test_answers_to_it_are_kept_for_its_owner_alone(rig: Rig) -> None:
    follow(rig, routes=[Route("r", "r", cache=CachePolicy(ttl_s=60))])
    rig.provider.answer = GOOD
    told = [
        bring(rig, **beside(rig, own)).headers["x-quotah-cache"] for own in ("a", "b", "a", "b")
    ]
    assert told == ["miss", "miss", "hit", "hit"]
    assert post(rig).headers["x-quotah-cache"] == "miss"


def test_it_is_told_nowhere(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    follow(rig)

    async def fails(_: Received, writer: object) -> None:
        raise ConnectionResetError

    rig.provider.answer = fails
    bring(rig, **beside(rig))
    event = rig.event()
    metrics = httpx2.get(f"{rig.url}/metrics").text
    logged = capsys.readouterr()
    for text in (repr(event), metrics, logged.out, logged.err):
        assert OWN not in text
        assert rig.key not in text
    files = b"".join(p.read_bytes() for p in rig.folder.rglob("*") if p.is_file())
    assert OWN.encode() not in files
