"""What an address finally reaches decides, however it is written or wrapped."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.net.addresses import EgressRules, folded_host, judge, parse_rules

FORBIDDEN = (
    "0.0.0.0 0.1.2.3 100.100.100.200 169.254.169.254 169.254.0.1 192.0.0.1 192.0.0.192 192.0.2.1 "
    "198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 "
    "255.255.255.255 :: fe80::1 fec0::1 ff02::1 fd00:ec2::254 fd20:ce::254 2001::1 2001:0:7f00:1:: "
    "2001:db8::1 3fff::1 5f00::1 64:ff9b:1::7f00:1 100::1 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe "
    "::169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: 4000::1 ::2:1 "
)
PRIVATE = (
    "10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 172.16.0.1 "
    "172.31.255.255 192.168.0.1 ::1 fc00::1 fd12:3456::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 "
    "64:ff9b::7f00:1 64:ff9b::10.0.0.1 2002:7f00:1:: 2002:c0a8:1:: 2600:1f18::5efe:10.0.0.1 "
    "2600:1f18::200:5efe:192.168.0.1 "
)
PUBLIC = (
    "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 "
    "172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 "
    "2606:4700::1111 2a00:1450::1 64:ff9b::808:808 ::ffff:8.8.8.8 2002:808:808:: "
)


@pytest.mark.parametrize("text", FORBIDDEN.split())
def test_addresses_that_are_never_a_provider_are_forbidden(text: str) -> None:
    assert judge(ip_address(text)) == "forbidden"


@pytest.mark.parametrize("text", PRIVATE.split())
def test_addresses_of_ones_own_network_are_private(text: str) -> None:
    assert judge(ip_address(text)) == "private"


@pytest.mark.parametrize("text", PUBLIC.split())
def test_addresses_of_the_internet_are_public(text: str) -> None:
    assert judge(ip_address(text)) == "public"


def test_an_address_with_a_zone_is_forbidden() -> None:
    assert judge(ip_address("2600::1%eth0")) == "forbidden"


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_never_makes_it_better(inner: object) -> None:
    number = int(inner)  # pyright: ignore[reportArgumentType]
    plain = judge(ip_address(str(inner)))
    low = f"{number >> 16:x}:{number & 0xFFFF:x}"
    for wrapped in (f"::ffff:{low}", f"64:ff9b::{low}", f"2002:{low}::"):
        assert judge(ip_address(wrapped)) == plain


@given(st.ip_addresses())
def test_what_python_knows_to_be_special_is_never_public(address: object) -> None:
    found = ip_address(str(address))
    if found.is_private or found.is_loopback or found.is_link_local or found.is_multicast:
        inner = getattr(found, "ipv4_mapped", None)
        if inner is None:
            assert judge(found) != "public"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("API.Example.COM.", "api.example.com"),
        ("①②⑦.⓪.⓪.①", "127.0.0.1"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[::1]", "::1"),
    ],
)
def test_one_host_has_one_form(written: str, meant: str) -> None:
    assert folded_host(written) == meant


@pytest.mark.parametrize("bad", ["", ".", "a b", "a/b", "a@b", "fe80::1%lo", "x" * 254, "a\\b"])
def test_what_can_be_no_host_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        folded_host(bad)


def test_rules_are_read_from_networks_names_and_origins() -> None:
    rules = parse_rules("10.1.0.0/16, Ollama.lan 192.168.7.9,localhost:11434", "127.0.0.1:8402")
    assert isinstance(rules, EgressRules)
    assert rules.allows(ip_address("10.1.2.3"))
    assert not rules.allows(ip_address("10.2.0.1"))
    assert rules.allows(ip_address("192.168.7.9"))
    assert rules.allows_host("ollama.lan", 1)
    assert rules.allows_host("localhost", 11434)
    assert not rules.allows_host("localhost", 80)
    assert rules.allows_host("127.0.0.1", 8402)


def test_an_entry_that_is_neither_network_nor_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        parse_rules("10.0.0.0/99")
