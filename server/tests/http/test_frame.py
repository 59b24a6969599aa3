"""Only a trusted proxy is believed about who is at the other end."""

from __future__ import annotations

from typing import Any

import pytest

from quotah_server.domain.errors import StartupError
from quotah_server.http.frame import frame_from, parse_networks

PROXY = parse_networks("10.0.0.0/8, ::1")


def scope(peer: str, **headers: str) -> dict[str, Any]:
    sent = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {"client": (peer, 1), "scheme": "http", "headers": sent}


def test_a_forwarded_address_of_an_untrusted_peer_is_ignored() -> None:
    frame = frame_from(
        scope("9.9.9.9", x_forwarded_for="1.2.3.4", x_forwarded_proto="https"), PROXY
    )
    assert (frame.ip, frame.scheme) == ("9.9.9.9", "http")


def test_behind_a_trusted_proxy_the_client_is_the_last_hop_that_is_not_ours() -> None:
    sent = scope(
        "10.0.0.1", x_forwarded_for="6.6.6.6, 1.2.3.4, 10.0.0.7", x_forwarded_proto="https"
    )
    frame = frame_from(sent, PROXY)
    assert (frame.ip, frame.https) == ("1.2.3.4", True)


def test_a_forged_hop_in_front_of_the_real_one_changes_nothing() -> None:
    for forged in ("8.8.8.8", "10.0.0.9", "garbage", ""):
        sent = scope("10.0.0.1", x_forwarded_for=f"{forged}, 1.2.3.4")
        assert frame_from(sent, PROXY).ip == "1.2.3.4"


def test_a_hop_that_is_no_address_leaves_the_proxy_itself() -> None:
    assert frame_from(scope("10.0.0.1", x_forwarded_for="unknown"), PROXY).ip == "10.0.0.1"


@pytest.mark.parametrize("odd", ["ftp", "https://evil", "HTTPS "])
def test_an_odd_forwarded_scheme_is_ignored(odd: str) -> None:
    assert frame_from(scope("10.0.0.1", x_forwarded_proto=odd), PROXY).scheme == "http"


def test_a_unix_socket_has_no_address() -> None:
    assert frame_from({"client": None, "scheme": "http", "headers": []}, PROXY).ip == ""


@pytest.mark.parametrize(
    ("host", "protected"),
    [
        ("127.0.0.1:8400", True),
        ("localhost:8400", True),
        ("quotah.localhost", True),
        ("[::1]:8400", True),
        ("[::1]", True),
        ("quotah.example.com", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:80", False),
        ("192.168.1.5:8400", False),
        ("", False),
    ],
)
def test_this_machine_is_told_from_names_that_look_like_it(host: str, protected: bool) -> None:
    assert frame_from(scope("127.0.0.1", host=host), ()).protects_cookies is protected


@pytest.mark.parametrize("sent", ["abc-1.2_3", "x" * 64])
def test_a_plain_request_id_is_kept(sent: str) -> None:
    assert frame_from(scope("1.1.1.1", x_request_id=sent), ()).request_id == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\nb", "<script>", "ä"])
def test_any_other_request_id_is_replaced(sent: str) -> None:
    assert frame_from(scope("1.1.1.1", x_request_id=sent), ()).request_id.startswith("req_")


def test_a_proxy_setting_that_is_no_network_names_the_entry() -> None:
    with pytest.raises(StartupError, match="nonsense"):
        parse_networks("10.0.0.0/8,nonsense")
