"""Several keys of one provider: by weight, those in good health first; what a gateway key may do."""

from __future__ import annotations

from collections import Counter

import httpx2
import pytest
from gateway.rig import Rig, reply
from gateway.routed import ASK, CHAT, by_key, code, follow, key, post, used
from gateway.wires import chat_body

from quotah_server.domain.routing import Route, Target
from quotah_server.domain.snapshot import KeyDefaults

GOOD = reply(chat_body())


def test_calls_are_spread_by_weight_evenly(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("a", weight=3), key("b", weight=1), key("c", weight=0)]})
    rig.provider.answer = GOOD
    for _ in range(8):
        assert post(rig).status_code == 200
    order = "".join(used(r) for r in rig.provider.received)
    assert order == "aabaaaba"
    credentials = Counter(e.call.credential_id for e in rig.events(8))
    assert credentials == {"openai-a".ljust(32, "c"): 6, "openai-b".ljust(32, "c"): 2}


def test_a_key_that_does_not_open_is_left_out(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    follow(rig, mounts={"openai": [key("a", broken=True), key("b")]})
    rig.provider.answer = GOOD
    assert post(rig).status_code == 200
    assert used(rig.provider.received[0]) == "b"
    logged = capsys.readouterr()
    assert "credential_does_not_open" in logged.out + logged.err


def test_a_key_that_the_provider_refuses_is_left_alone(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("a"), key("b")]})
    rig.provider.answer = by_key({"a": reply(b"{}", status=401), "b": GOOD})
    statuses = [post(rig).status_code for _ in range(6)]
    assert statuses.count(401) == 1
    assert Counter(used(r) for r in rig.provider.received) == {"a": 1, "b": 5}
    gateway = rig.gateway
    assert gateway is not None
    states = {state.credential_id[:8]: state for state in gateway.circuits.states()}
    bad, good = states["openai-a"], states["openai-b"]
    assert (bad.health, bad.breaker) == ("invalid", "open")
    assert bad.last_error == "The provider answered 401."
    assert bad.open_until is not None
    assert (good.health, good.breaker, good.last_error) == ("healthy", "closed", None)
    assert good.last_used_at is not None


def test_a_replaced_key_begins_anew(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("a"), key("b")]})
    rig.provider.answer = by_key({"a": reply(b"{}", status=401), "b": GOOD})
    post(rig)
    follow(rig, mounts={"openai": [key("a"), key("b")]})
    gateway = rig.gateway
    assert gateway is not None
    assert {state.health for state in gateway.circuits.states()} == {"never_used"}


def test_calls_to_the_stand_in_are_marked_whatever_comes_before(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("real")], "mocked": [key("m", is_mock=True)]},
        providers={"mocked": "openai"},
        routes=[Route("r", "r", targets=(Target(), Target(mount="mocked")))],
    )
    rig.provider.answer = by_key({"real": reply(b"{}", status=500), "m": GOOD})
    assert post(rig).status_code == 200
    first, second = (event.call.attribution.environment for event in rig.events(2))
    assert (first, second) == ("production", "mock")


def test_a_key_for_some_providers_is_refused_others_and_told_which(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("a")], "anthropic": [key("b")]}, key_mounts=("openai",))
    rig.provider.answer = GOOD
    assert post(rig).status_code == 200
    answer = post(rig, {"model": "m"}, "/anthropic/v1/messages")
    assert answer.status_code == 403
    error = answer.json()
    assert error["type"] == "error"
    assert error["error"]["type"] == "permission_error"
    assert error["error"]["code"] == "provider_not_allowed"
    assert "openai" in error["error"]["message"]
    assert len(rig.provider.received) == 1


def test_a_key_for_some_models_is_refused_others_and_told_which(rig: Rig) -> None:
    follow(rig, models=("gpt-4o-mini", "o4-*"))
    rig.provider.answer = GOOD
    answer = post(rig)
    assert code(answer) == (403, "model_not_allowed")
    assert "gpt-4o-mini, o4-*" in answer.json()["error"]["message"]
    assert post(rig, {**ASK, "model": "o4-mini"}).status_code == 200
    assert code(post(rig, {"messages": []})) == (403, "model_not_allowed")
    assert code(post(rig, {"input_file_id": "f"}, "/openai/v1/batches")) == (
        403,
        "model_not_allowed",
    )
    assert code(post(rig, {"x": 1}, "/openai/v1/something/new")) == (403, "model_not_allowed")
    assert httpx2.get(rig.url + "/openai/v1/models", headers=rig.bearer).status_code == 200
    assert len(rig.provider.received) == 2


def test_a_route_leads_a_key_to_no_model_and_no_provider_that_it_may_not_call(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("a")], "spare": [key("b")]},
        providers={"spare": "openai"},
        routes=[
            Route("r", "r", targets=(Target(), Target(model="gpt-4o-mini"), Target(mount="spare")))
        ],
        models=("gpt-4o",),
        key_mounts=("openai",),
    )
    rig.provider.answer = reply(b"{}", status=500)
    assert post(rig).status_code == 500
    assert len(rig.provider.received) == 1
    metrics = httpx2.get(f"{rig.url}/metrics").text
    for reason in ("model_not_allowed", "mount_not_allowed"):
        assert f'route_targets_skipped_total{{reason="{reason}"}} 1.0' in metrics


def test_what_a_call_does_not_say_of_itself_its_key_says(rig: Rig) -> None:
    follow(
        rig,
        environment="staging",
        defaults=KeyDefaults(
            user="u0",
            team="t0",
            session="s0",
            feature="f0",
            prompt="p@1",
            tags={"a": "1", "b": "2"},
        ),
    )
    rig.provider.answer = GOOD
    post(rig)
    post(
        rig,
        ASK,
        CHAT,
        **{"x-quotah-user": "u1", "x-quotah-tags": "b=3,c=4", "x-quotah-prompt": "q"},
    )
    first, second = (event.call.attribution for event in rig.events(2))
    assert (first.user, first.team, first.session, first.feature) == ("u0", "t0", "s0", "f0")
    assert (first.prompt, first.prompt_version) == ("p", "1")
    assert first.tags == {"a": "1", "b": "2"}
    assert first.environment == "staging"
    assert (second.user, second.team, second.feature) == ("u1", "t0", "f0")
    assert (second.prompt, second.prompt_version) == ("q", None)
    assert second.tags == {"a": "1", "b": "3", "c": "4"}


def test_a_key_at_its_own_limit_is_refused_before_the_provider_is_asked(rig: Rig) -> None:
    follow(rig, requests_per_minute=2)
    rig.provider.answer = GOOD
    assert [post(rig).status_code for _ in range(3)] == [200, 200, 429]
    answer = post(rig)
    assert code(answer) == (429, "key_rate_limited")
    assert int(answer.headers["retry-after"]) >= 1
    assert len(rig.provider.received) == 2


def test_tokens_are_counted_as_they_were_used_and_not_as_estimated(rig: Rig) -> None:
    """A call that takes 1,024 tokens of output in advance and uses 20 leaves room for the next."""
    follow(rig, tokens_per_minute=1_200)
    usage = b'{"prompt_tokens":10,"completion_tokens":10,"total_tokens":20}'
    rig.provider.answer = reply(b'{"choices":[],"usage":' + usage + b"}")
    assert [post(rig).status_code for _ in range(3)] == [200, 200, 200]
