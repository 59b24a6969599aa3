"""Signing in tells nobody which accounts exist, and is slow for those who guess."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from plane import PASSWORD, Browser, Plane
from sqlalchemy import func, select

from quotah_server.domain.errors import TooManyAttemptsError, UnavailableError
from quotah_server.features.auth import service, throttle
from quotah_server.features.auth.passwords import Passwords
from quotah_server.http.app import AppOptions
from quotah_server.http.deps import Actor
from quotah_server.http.frame import parse_networks
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import LoginAttemptRow, MemberRow, SessionRow

OWNER = "owner@example.com"


async def login(plane: Plane, email: str, password: str, ip: str = "127.0.0.1", **headers: str):
    client = plane.client(ip=ip)
    return await Browser(client).call(
        "POST", "/auth/login", {"email": email, "password": password}, headers
    )


async def test_a_right_password_signs_in_and_a_wrong_one_does_not(plane: Plane) -> None:
    await plane.owner()
    assert (await login(plane, "Owner@Example.com ", PASSWORD)).status_code == 200
    response = await login(plane, OWNER, PASSWORD + "x")
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert "set-cookie" not in response.headers


async def test_a_wrong_password_and_an_unknown_account_are_answered_alike(plane: Plane) -> None:
    await plane.owner()
    await plane.member("disabled@example.com", {})
    await plane.disable("disabled@example.com")
    answers = [
        (await login(plane, email, password)).json()
        for email, password in (
            (OWNER, "wrong password"),
            ("nobody@example.com", "wrong password"),
            ("disabled@example.com", PASSWORD),
        )
    ]
    for answer in answers:
        answer.pop("request_id")
    assert answers[0] == answers[1] == answers[2]


async def test_an_unknown_account_costs_the_work_of_a_known_one() -> None:
    passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=4096, parallelism=1))
    stored = await passwords.hash(PASSWORD)
    times: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(40):
        known = turn % 2 == 0
        began = time.perf_counter()
        assert not await passwords.check(stored if known else None, "wrong")
        times[known].append(time.perf_counter() - began)
    passwords.close()
    ratio = min(times[False]) / min(times[True])
    assert 0.5 < ratio < 2, statistics.median(times[True])


async def test_the_hash_checked_for_nobody_is_made_at_todays_cost() -> None:
    hasher = PasswordHasher(time_cost=3, memory_cost=128, parallelism=2)
    passwords = Passwords(hasher)
    assert not hasher.check_needs_rehash(passwords._nobodys)
    assert not await passwords.check(None, "")
    passwords.close()


async def test_a_hash_made_at_another_cost_is_renewed_at_sign_in(sqlite_plane: Plane) -> None:
    await sqlite_plane.owner()
    sqlite_plane.passwords._hasher = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    assert (await login(sqlite_plane, OWNER, PASSWORD)).status_code == 200
    async with sqlite_plane.database.transaction() as session:
        stored = (await session.execute(select(MemberRow.password_hash))).scalar_one()
    assert "t=2" in stored
    assert (await login(sqlite_plane, OWNER, PASSWORD)).status_code == 200


async def test_passwords_are_stored_as_argon2id_alone(plane: Plane) -> None:
    await plane.owner()
    async with plane.database.transaction() as session:
        stored = (await session.execute(select(MemberRow.password_hash))).scalar_one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


async def test_more_checks_at_once_than_are_bearable_are_turned_away() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    results = await asyncio.gather(
        *(passwords.check(None, "x") for _ in range(80)), return_exceptions=True
    )
    passwords.close()
    assert sum(isinstance(result, UnavailableError) for result in results) == 80 - 32


async def test_the_eleventh_wrong_password_of_an_account_waits(sqlite_plane: Plane) -> None:
    await sqlite_plane.owner()
    for number in range(throttle.PER_ACCOUNT):
        response = await login(sqlite_plane, OWNER, "wrong", ip=f"198.51.100.{number}")
        assert response.status_code == 401
    response = await login(sqlite_plane, OWNER, PASSWORD, ip="198.51.100.99")
    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(response.headers["retry-after"]) <= 15 * 60


async def test_an_account_that_does_not_exist_is_throttled_like_one_that_does(
    sqlite_plane: Plane,
) -> None:
    for _ in range(throttle.PER_ACCOUNT):
        assert (await login(sqlite_plane, "nobody@example.com", "wrong")).status_code == 401
    assert (await login(sqlite_plane, "nobody@example.com", "wrong")).status_code == 429


async def test_an_address_that_tries_many_accounts_waits(sqlite_plane: Plane) -> None:
    for number in range(throttle.PER_ADDRESS):
        assert (await login(sqlite_plane, f"a{number}@example.com", "wrong")).status_code == 401
    assert (await login(sqlite_plane, "fresh@example.com", "wrong")).status_code == 429
    assert (
        await login(sqlite_plane, "fresh@example.com", "wrong", ip="198.51.100.1")
    ).status_code == 401


async def test_forged_forwarding_headers_do_not_reset_the_count(sqlite_plane: Plane) -> None:
    codes = [
        (
            await login(
                sqlite_plane, f"a{number}@example.com", "wrong",
                **{"x-forwarded-for": f"203.0.113.{number}"},
            )
        ).status_code
        for number in range(throttle.PER_ADDRESS + 5)
    ]  # fmt: skip
    assert codes == [401] * throttle.PER_ADDRESS + [429] * 5


async def test_control_behind_a_trusted_proxy_each_client_has_its_own_count(
    sqlite_plane: Plane,
) -> None:
    app = sqlite_plane.build(AppOptions("0", trusted=parse_networks("127.0.0.1")))
    for number in range(throttle.PER_ADDRESS + 5):
        client = sqlite_plane.client(app=app)
        response = await Browser(client).call(
            "POST", "/auth/login", {"email": f"a{number}@example.com", "password": "wrong"},
            {"x-forwarded-for": f"203.0.113.{number}"},
        )  # fmt: skip
        assert response.status_code == 401


async def test_a_right_password_clears_the_accounts_count(sqlite_plane: Plane) -> None:
    await sqlite_plane.owner()
    for _ in range(throttle.PER_ACCOUNT - 1):
        await login(sqlite_plane, OWNER, "wrong")
    assert (await login(sqlite_plane, OWNER, PASSWORD)).status_code == 200
    for _ in range(throttle.PER_ACCOUNT - 1):
        assert (await login(sqlite_plane, OWNER, "wrong")).status_code == 401
    assert (await login(sqlite_plane, OWNER, PASSWORD)).status_code == 200


async def test_a_burst_of_parallel_guesses_gets_no_more_tries(plane: Plane) -> None:
    await plane.owner()
    answers = await asyncio.gather(*(login(plane, OWNER, f"guess {n}") for n in range(30)))
    codes = [answer.status_code for answer in answers]
    assert codes.count(401) <= throttle.PER_ACCOUNT
    assert set(codes) <= {401, 429, 503}


async def sign_in_at(plane: Plane, at: datetime, password: str) -> service.SignIn:
    return await service.sign_in(
        plane.database, plane.passwords, Actor("anonymous", None, "192.0.2.9"), email=OWNER,
        password=password, policy=plane.policy, now=lambda: at,
    )  # fmt: skip


async def test_the_count_runs_out_after_a_quarter_of_an_hour_and_refusals_do_not_prolong_it(
    plane: Plane,
) -> None:
    await plane.owner()
    began = utc_now()
    for _ in range(throttle.PER_ACCOUNT):
        with pytest.raises(service.InvalidCredentialsError):
            await sign_in_at(plane, began, "wrong")
    for minute in range(1, 15):
        with pytest.raises(TooManyAttemptsError) as caught:
            await sign_in_at(plane, began + timedelta(minutes=minute), PASSWORD)
        assert caught.value.retry_after_s == (15 - minute) * 60
    later = began + timedelta(minutes=15, seconds=1)
    assert (await sign_in_at(plane, later, PASSWORD)).token


async def test_tries_are_forgotten_after_a_day(plane: Plane) -> None:
    await plane.owner()
    began = utc_now()
    for _ in range(5):
        with pytest.raises(service.InvalidCredentialsError):
            await sign_in_at(plane, began, "wrong")
    await sign_in_at(plane, began + timedelta(days=1, minutes=1), PASSWORD)
    async with plane.database.transaction() as session:
        kept = (
            await session.execute(select(func.count()).select_from(LoginAttemptRow))
        ).scalar_one()
    assert kept == 1


@pytest.mark.parametrize(
    ("ip", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_an_ipv6_user_counts_by_the_network_they_own(ip: str, group: str) -> None:
    assert throttle.address_group(ip) == group


async def test_signing_out_ends_the_session_for_good(plane: Plane) -> None:
    browser = await plane.owner()
    response = await browser.call("POST", "/auth/logout")
    assert response.status_code == 204
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert (await browser.call("GET", "/me")).status_code == 401


async def test_a_session_ends_by_itself(plane: Plane) -> None:
    browser = await plane.owner()
    token = browser.cookie.partition("=")[2]
    for days, alive in ((13.9, True), (14.1, False)):
        at = utc_now() + timedelta(days=days)
        principal = await service.ControlAuthenticator(plane.database, lambda at=at: at).session(
            token
        )
        assert (principal is not None) is alive


async def test_a_disabled_member_is_out_at_once(plane: Plane) -> None:
    browser = await plane.owner()
    await plane.disable(OWNER)
    assert (await browser.call("GET", "/me")).status_code == 401


async def test_a_session_is_stored_by_its_hash_alone(plane: Plane) -> None:
    browser = await plane.owner()
    token = browser.cookie.partition("=")[2]
    async with plane.database.transaction() as session:
        row = (await session.scalars(select(SessionRow))).one()
    assert token not in {str(value) for value in vars(row).values()}
    assert len(token) >= 43


async def test_each_sign_in_is_a_session_of_its_own(plane: Plane) -> None:
    first = await plane.owner()
    second = await plane.sign_in(OWNER)
    assert first.cookie != second.cookie
    assert first.csrf != second.csrf
    await second.call("POST", "/auth/logout")
    assert (await first.call("GET", "/me")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": OWNER},
        {"email": "no address", "password": "x"},
        {"email": OWNER, "password": "x" * 257},
        {"email": OWNER, "password": "\ud800"},
        {"email": OWNER, "password": "x", "role": "owner"},
        {"email": ["a"], "password": {}},
        {"email": f"{'a' * 70}@example.com", "password": "x"},
        {"email": "a\u0000b@example.com", "password": "x"},
    ],
)
async def test_a_malformed_sign_in_is_named_and_never_quoted(
    sqlite_plane: Plane, body: object
) -> None:
    response = await Browser(sqlite_plane.client()).call("POST", "/auth/login", body)
    assert response.status_code == 422
    assert response.json()["errors"]
    assert OWNER not in response.text
