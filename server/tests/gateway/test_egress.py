"""Where the gateway lets itself be led: public addresses, and others only where somebody said so."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from ipaddress import ip_address
from pathlib import Path

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, PROVIDER_KEY, Provider, Rig, reply

from quotah_server.domain.snapshot import Snapshot
from quotah_server.gateway.upstream import Upstream, UpstreamError
from quotah_server.gateway.ways import Outward, Way
from quotah_server.net.addresses import Address, EgressRules, parse_rules

PUBLIC, PRIVATE = Way(), Way(allow_private=True)
CHAT = "/openai/v1/chat/completions"


class Names:
    """A resolver whose answers are given one after the other; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[Address]:
        del host, port
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [ip_address(text) for text in answer]


@contextlib.asynccontextmanager
async def reaching(
    names: Names | None = None, rules: EgressRules | None = None
) -> AsyncGenerator[tuple[Upstream, Provider]]:
    provider = Provider()
    upstream = Upstream(connect_s=2.0, outward=Outward(rules or EgressRules()), resolve=names)
    await provider.start()
    try:
        yield upstream, provider
    finally:
        await upstream.close()
        await provider.stop()


async def ask(upstream: Upstream, url: str, way: Way) -> bytes:
    answer = await upstream.send("POST", url, [], b"{}", way=way)
    try:
        return await answer.rest()
    finally:
        await answer.close()


async def refused(upstream: Upstream, url: str, way: Way = PUBLIC) -> str:
    with pytest.raises(UpstreamError) as failure:
        await ask(upstream, url, way)
    assert (failure.value.kind, failure.value.sent) == ("address_refused", False)
    return str(failure.value)


async def test_a_private_address_is_called_only_where_the_credential_or_the_operator_says_so() -> (
    None
):
    async with reaching() as (upstream, provider):
        url = f"http://127.0.0.1:{provider.port}/v1"
        text = await refused(upstream, url)
        assert "allow_private" in text
        assert "QUOTAH_EGRESS_ALLOW" in text
        assert not provider.received
        assert await ask(upstream, url, PRIVATE) == b"{}"
    for allowed in ("127.0.0.0/8", "127.0.0.1", "local.example"):
        async with reaching(Names(["127.0.0.1"]), parse_rules(allowed)) as (upstream, provider):
            assert await ask(upstream, f"http://local.example:{provider.port}/", PUBLIC) == b"{}"
    async with reaching() as (_, provider):
        mock = f"127.0.0.1:{provider.port}"
        upstream = Upstream(connect_s=2.0, outward=Outward(parse_rules("", mock)))
        assert await ask(upstream, f"http://{mock}/v1", PUBLIC) == b"{}"
        await upstream.close()


async def test_a_connection_of_one_credential_is_no_way_in_for_another() -> None:
    async with reaching() as (upstream, provider):
        url = f"http://127.0.0.1:{provider.port}/v1"
        assert await ask(upstream, url, PRIVATE) == b"{}"
        await refused(upstream, url)
        assert await ask(upstream, url, PRIVATE) == b"{}"
        assert len(provider.received) == 2


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fd00:ec2::254]", "0.0.0.0", "224.0.0.1", "[::ffff:169.254.169.254]",
     "100.100.100.200", "[64:ff9b::a9fe:a9fe]", "metadata.google.internal"],
)  # fmt: skip
async def test_addresses_of_metadata_are_refused_whatever_the_credential_says(host: str) -> None:
    async with reaching(Names(["93.184.216.34"])) as (upstream, _):
        text = await refused(upstream, f"http://{host}/v1", PRIVATE)
        assert "QUOTAH_EGRESS_ALLOW" in text


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "localhost", "LOCALHOST."])
async def test_no_way_of_writing_this_machine_passes(host: str) -> None:
    async with reaching() as (upstream, provider):
        with pytest.raises(UpstreamError) as failure:
            await ask(upstream, f"http://{host}:{provider.port}/v1", PUBLIC)
        assert failure.value.kind in ("address_refused", "connection_failed")
        assert not provider.received


async def test_a_port_of_another_service_is_refused() -> None:
    async with reaching(Names(["93.184.216.34"])) as (upstream, _):
        await refused(upstream, "http://redis.example:6379/v1", PRIVATE)


async def test_a_name_that_leads_elsewhere_a_moment_later_leads_nowhere() -> None:
    # 127.0.0.2, where nobody listens, stands for an address that may be reached.
    names, rules = Names(["127.0.0.2"], ["127.0.0.1"]), parse_rules("127.0.0.2/32")
    async with reaching(names, rules) as (upstream, provider):
        url = f"http://rebind.example:{provider.port}/"
        with pytest.raises(UpstreamError) as failure:
            await ask(upstream, url, PUBLIC)
        assert failure.value.kind in ("connection_failed", "connect_timeout")
        assert names.asked == 1
        await refused(upstream, url)
        assert names.asked == 2
        assert not provider.received


async def test_one_refused_address_among_others_refuses_the_host() -> None:
    async with reaching(Names(["93.184.216.34", "127.0.0.1"])) as (upstream, provider):
        await refused(upstream, f"http://both.example:{provider.port}/")
        assert not provider.received


async def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    names = Names(["127.0.0.1"])
    async with reaching(names) as (upstream, provider):
        assert await ask(upstream, f"http://named.example:{provider.port}/", PRIVATE) == b"{}"
        assert names.asked == 1
        assert provider.received[0].header("host") == f"named.example:{provider.port}"


async def test_behind_a_proxy_what_can_be_judged_is(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Provider()
    await proxy.start()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    try:
        async with reaching(Names(["127.0.0.1"])) as (upstream, _):
            for host in ("169.254.169.254", "metadata.google.internal", "10.0.0.1", "[::1]"):
                await refused(upstream, f"http://{host}/v1")
            assert not proxy.received
            # The proxy resolves the name; our resolver's word on it is not asked for.
            assert await ask(upstream, "http://far.example/v1", PUBLIC) == b"{}"
    finally:
        await proxy.stop()


def without_private(rig: Rig) -> Snapshot:
    """The rig's snapshot with credentials that may reach public addresses alone."""
    made = rig.make_snapshot(2)
    mounts = {
        workspace: {
            name: msgspec.structs.replace(
                mount,
                credentials=tuple(
                    msgspec.structs.replace(one, allow_private=False) for one in mount.credentials
                ),
            )
            for name, mount in by_name.items()
        }
        for workspace, by_name in made.mounts.items()
    }
    return msgspec.structs.replace(made, mounts=mounts)


def post(rig: Rig) -> httpx2.Response:
    return httpx2.post(
        rig.url + CHAT, content=b'{"model":"gpt-4o"}', headers=rig.bearer, timeout=DEADLINE_S
    )


def test_a_refused_address_is_answered_in_the_vendors_shape_and_recorded(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        rig.publish(without_private(rig))
        assert rig.gateway is not None
        assert rig.gateway.holder.wait_for(2, DEADLINE_S)
        answer = post(rig)
        assert answer.status_code in (403, 502)
        assert answer.json()["error"]["code"] == "address_refused"
        assert "QUOTAH_EGRESS_ALLOW" in answer.json()["error"]["message"]
        assert not rig.provider.received
        call = rig.event().call
        assert (call.status, call.error_class) == ("error", "address_refused")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_the_clients_to_follow_and_the_key_stays_here(rig: Rig, status: int) -> None:
    place = [("location", f"http://127.0.0.1:{rig.provider.port}/elsewhere")]
    rig.provider.answer = reply(b"moved", status=status, content_type="text/plain", headers=place)
    answer = httpx2.post(
        rig.url + CHAT, content=b'{"model":"gpt-4o"}', headers=rig.bearer,
        timeout=DEADLINE_S, follow_redirects=False,
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (status, place[0][1])
    (got,) = rig.provider.received
    assert got.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert got.target == "/v1/chat/completions"
