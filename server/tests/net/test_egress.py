"""No socket is opened to an address that was not judged, whatever the URL, the resolver or the answer say.

Each refusal is checked twice: by a hook on the event loop's connect, and by a server on loopback that
must have heard nothing. The control at the end shows that both would have noticed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest
from upstream import Upstream, reply, upstream

from quotah_server.net.addresses import Address, parse_rules
from quotah_server.net.egress import Egress, EgressRefusedError, UnreachableError

HOSTS = (
    "127.0.0.1 127.1 0 0x7f000001 2130706433 017700000001 0x7f.1 127.0.0.1. ①②⑦.⓪.⓪.① localhost "
    "localhost. LOCALHOST [::1] [::] [::ffff:127.0.0.1] [::ffff:a9fe:a9fe] [::127.0.0.1] "
    "[64:ff9b::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] [fe80::1%lo] [fe80::1] [fec0::1] "
    "[fd00:ec2::254] 169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376 100.64.0.1 "
    "100.100.100.200 10.1.2.3 172.16.0.1 192.168.1.1 192.0.0.1 198.18.0.1 224.0.0.1 240.0.0.1 "
    "255.255.255.255 metadata.google.internal METADATA.google.internal. 0.0.0.0 "
)
URLS = [
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://127.0.0.1/",
    "unix:///run/x.sock",
    "data:text/plain,x",
    "https://user:pass@example.com/",
    "https://user@127.0.0.1/",
    "https://",
    "//127.0.0.1/",
    "https://1.1.1.1:22/",
    "https://1.1.1.1:25/",
    "https://1.1.1.1:6379/",
    "https://1.1.1.1:99999/",
    "https://1.1.1.1:0x50/",
    "https://exa mple.com/",
]


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that a socket of this process is asked to connect to."""
    seen: list[object] = []
    connection = asyncio.BaseEventLoop._connect_sock  # pyright: ignore[reportAttributeAccessIssue]

    async def watched(
        self: object, exceptions: object, info: tuple[object, ...], *rest: object
    ) -> object:
        seen.append(info[4])
        return await connection(self, exceptions, info, *rest)

    monkeypatch.setattr(asyncio.BaseEventLoop, "_connect_sock", watched)
    return seen


@pytest.fixture
async def listener() -> AsyncIterator[Upstream]:
    async with upstream() as found:
        yield found


def answering(*addresses: str) -> object:
    async def resolve(_host: str, _port: int) -> list[Address]:
        return [ip_address(text) for text in addresses]

    return resolve


@pytest.mark.parametrize("host", HOSTS.split())
async def test_a_forbidden_host_is_refused_when_saved_and_when_used(
    host: str, connects: list[object], listener: Upstream
) -> None:
    egress = Egress(parse_rules(""))
    for scheme in ("http", "https"):
        url = f"{scheme}://{host}:{listener.port}/v1/models"
        with pytest.raises(EgressRefusedError):
            await egress.check(url)
        with pytest.raises(EgressRefusedError):
            await egress.get(url, headers={"authorization": "Bearer secret"})
        with pytest.raises(EgressRefusedError):
            await egress.post(url, headers={"authorization": "Bearer secret"}, body=b"secret")
    assert connects == []
    assert listener.heard == []


@pytest.mark.parametrize("url", URLS)
async def test_a_forbidden_form_of_url_is_refused_when_saved_and_when_used(
    url: str, connects: list[object]
) -> None:
    egress = Egress(parse_rules(""))
    with pytest.raises(EgressRefusedError):
        await egress.check(url)
    with pytest.raises(EgressRefusedError):
        await egress.get(url, headers={})
    assert connects == []


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "0.0.0.0", "224.0.0.1"])
async def test_private_permission_does_not_open_cloud_metadata(
    host: str, connects: list[object]
) -> None:
    with pytest.raises(EgressRefusedError) as refused:
        await Egress(parse_rules("")).get(f"http://{host}/", headers={}, allow_private=True)
    assert "allow_private" not in str(refused.value.hint), "what was tried is not advised"
    assert connects == []


async def test_a_host_with_one_bad_address_among_good_ones_is_refused(
    connects: list[object],
) -> None:
    egress = Egress(parse_rules(""), resolver=answering("1.1.1.1", "10.0.0.1"))  # pyright: ignore[reportArgumentType]
    with pytest.raises(EgressRefusedError):
        await egress.get("https://mixed.example/", headers={})
    assert connects == []


async def test_a_name_that_changes_its_address_after_the_check_is_refused(
    connects: list[object], listener: Upstream
) -> None:
    answers = iter([["1.1.1.1"], ["127.0.0.1"], ["127.0.0.1"]])

    async def rebinding(_host: str, _port: int) -> list[Address]:
        return [ip_address(text) for text in next(answers)]

    egress = Egress(parse_rules(""), resolver=rebinding)
    await egress.check(f"https://rebind.example:{listener.port}/")
    with pytest.raises(EgressRefusedError):
        await egress.get(f"https://rebind.example:{listener.port}/", headers={})
    assert connects == []
    assert listener.heard == []


async def test_the_connection_goes_to_the_address_that_was_judged(
    connects: list[object], listener: Upstream
) -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[Address]:
        asked.append(host)
        return [ip_address("127.0.0.1")]

    egress = Egress(parse_rules(""), resolver=resolve)
    url = f"http://inner.example:{listener.port}/x"
    answer = await egress.get(url, headers={}, allow_private=True)
    assert answer.status == 200
    assert connects == [("127.0.0.1", listener.port)]
    assert asked == ["inner.example"]
    assert f"Host: inner.example:{listener.port}".lower() in listener.heard[0].lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(status: int, listener: Upstream) -> None:
    listener.answer = reply(status, b"", f"location: http://127.0.0.1:{listener.port}/elsewhere")
    egress = Egress(parse_rules("", listener.origin))
    answer = await egress.get(f"http://{listener.origin}/", headers={"x-api-key": "secret"})
    assert answer.status == status
    assert len(listener.heard) == 1


async def test_proxies_named_by_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, connects: list[object], listener: Upstream
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://{listener.origin}")
    with pytest.raises(EgressRefusedError):
        await Egress(parse_rules("")).get("http://10.0.0.1/", headers={})
    assert connects == []
    assert listener.heard == []


async def test_an_answer_is_read_up_to_its_bound(listener: Upstream) -> None:
    listener.answer = reply(200, b"x" * 500_000)
    egress = Egress(parse_rules("", listener.origin))
    answer = await egress.get(f"http://{listener.origin}/", headers={}, answer_max=1000)
    assert (len(answer.body), answer.cut) == (1000, True)


async def test_a_body_is_posted_under_the_same_rules(listener: Upstream) -> None:
    listener.answer = reply(200, b"taken")
    egress = Egress(parse_rules("", listener.origin))
    answer = await egress.post(
        f"http://{listener.origin}/x", headers={"content-type": "application/json"}, body=b"{}"
    )
    assert (answer.status, answer.body) == (200, b"taken")
    assert listener.heard[0].startswith("POST /x HTTP/1.1")
    assert listener.bodies == [b"{}"]


async def test_a_compressed_answer_is_not_inflated(listener: Upstream) -> None:
    listener.answer = reply(200, b"not gzip at all", "content-encoding: gzip")
    egress = Egress(parse_rules("", listener.origin))
    answer = await egress.get(f"http://{listener.origin}/", headers={})
    assert answer.body == b"not gzip at all"
    assert "accept-encoding: identity" in listener.heard[0].lower()


async def test_who_cannot_be_reached_is_told_in_a_sentence_without_secrets(
    listener: Upstream,
) -> None:
    listener.answer = b"garbage\r\n\r\n"
    egress = Egress(parse_rules("", listener.origin))
    with pytest.raises(UnreachableError) as caught:
        await egress.get(f"http://{listener.origin}/", headers={"x-api-key": "canary-key-77"})
    assert "canary-key-77" not in caught.value.reason
    assert caught.value.reason.endswith(".")


async def test_tls_that_is_none_is_told_apart(listener: Upstream) -> None:
    egress = Egress(parse_rules("", listener.origin))
    with pytest.raises(UnreachableError) as caught:
        await egress.get(f"https://{listener.origin}/", headers={})
    assert not isinstance(caught.value, ssl.SSLError)
    assert caught.value.reason


async def test_plain_http_to_the_internet_is_refused_when_saved() -> None:
    egress = Egress(parse_rules(""), resolver=answering("1.1.1.1"))  # pyright: ignore[reportArgumentType]
    with pytest.raises(EgressRefusedError, match="https"):
        await egress.check("http://api.example/v1", allow_private=True)
    await egress.check("https://api.example/v1")


async def test_a_name_that_does_not_resolve_may_be_saved_and_cannot_be_used() -> None:
    egress = Egress(parse_rules(""), resolver=answering())  # pyright: ignore[reportArgumentType]
    await egress.check("https://later.example/v1")
    with pytest.raises(UnreachableError, match="does not resolve"):
        await egress.get("https://later.example/v1", headers={})


async def test_control_an_allowed_origin_is_reached_and_both_watchers_notice(
    connects: list[object], listener: Upstream
) -> None:
    egress = Egress(parse_rules("", listener.origin))
    await egress.check(f"http://{listener.origin}/")
    assert (await egress.get(f"http://{listener.origin}/", headers={})).status == 200
    assert connects == [("127.0.0.1", listener.port)]
    assert len(listener.heard) == 1
