"""What gateways report is shown to those it concerns, noted beside the keys, and forgotten in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from plane import Browser, Plane
from sqlalchemy import event

from quotah_server.domain import gateway_state as wire
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.gateway_state import CredentialState, GatewayState, Pace, RateLimit
from quotah_server.domain.ids import new_id, parse_id
from quotah_server.features.gateways.reports import FORGOTTEN_S, MAX_GATEWAYS, UP_S, Reports
from quotah_server.features.gateways.service import WRITE_EVERY_S, Gateways
from quotah_server.store.control.session import Database

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE, TWO = "a" * 32, "b" * 32


class Clock:
    """Seconds that pass when told to; the wall's time goes along."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return AT + timedelta(seconds=self.seconds - 1000)


def state(gateway_id: str = ONE, **more: Any) -> GatewayState:
    return GatewayState(**{"gateway_id": gateway_id, "at": AT, "started_at": AT, **more})


def told(workspace_id: str, credential_id: str, **more: Any) -> CredentialState:
    fields = {"health": "healthy", "last_used_at": AT + timedelta(days=365), **more}
    return CredentialState(workspace_id=workspace_id, credential_id=credential_id, **fields)


def limit(workspace_id: str, credential_id: str, **more: Any) -> RateLimit:
    fields: dict[str, Any] = {
        "provider": "openai", "model_group": "gpt-4o", "dimension": "requests", "limit": 500,
        "remaining": 400, "source": "header", "observed_at": AT, **more,
    }  # fmt: skip
    return RateLimit(workspace_id=workspace_id, credential_id=credential_id, **fields)


def pace(workspace_id: str, seconds: float, calls: int) -> Pace:
    return Pace(
        workspace_id=workspace_id, mount="openai", model="gpt-4o", first_byte_s=seconds, calls=calls
    )


async def hear(plane: Plane, report: GatewayState) -> None:
    await plane.gateways.hear(wire.encode(report))


async def mocks(browser: Browser) -> dict[str, str]:
    """Provider → the id inside of its stand-in."""
    items = (await browser.call("POST", "/providers/mock")).json()["items"]
    return {item["provider"]: parse_id(item["id"]) for item in items}


async def shown(browser: Browser, provider: str = "openai") -> dict[str, Any]:
    items = (await browser.call("GET", "/providers")).json()["items"]
    return next(item for item in items if item["provider"] == provider)


# --- gateways ---------------------------------------------------------------------------------------


async def test_a_gateway_is_shown_as_it_last_told_of_itself(sqlite_plane: Plane) -> None:
    browser = await sqlite_plane.owner()
    assert (await browser.call("GET", "/gateways")).json() == {"items": []}
    await hear(sqlite_plane, state(in_flight=1))
    told_of = {
        "snapshot_version": 7, "in_flight": 3, "journal_depth": 12, "journal_failing": True,
        "events_waiting": 4, "losses": {"events": 2},
    }  # fmt: skip
    await hear(sqlite_plane, state(**told_of))
    (item,) = (await browser.call("GET", "/gateways")).json()["items"]
    assert {name: item[name] for name in told_of} == told_of
    assert (item["gateway_id"], item["up"], item["started_at"]) == (
        ONE,
        True,
        AT.isoformat().replace("+00:00", "Z"),
    )
    assert set(item) == {"gateway_id", "seen_at", "started_at", "up", *told_of}


async def test_a_silent_gateway_is_down_then_forgotten_and_its_losses_are_shown_until_then(
    database: Database,
) -> None:
    clock = Clock()
    gateways = Gateways(database, clock.now, clock)
    await gateways.hear(wire.encode(state(losses={"events": 9})))
    clock.seconds += UP_S + 1
    await gateways.hear(wire.encode(state(TWO)))
    found = {item.gateway_id: item for item in gateways.listed().items}
    assert {name: item.up for name, item in found.items()} == {ONE: False, TWO: True}
    assert found[ONE].losses == {"events": 9}
    assert found[ONE].seen_at == AT
    clock.seconds += FORGOTTEN_S - UP_S
    assert [item.gateway_id for item in gateways.listed().items] == [TWO]


async def test_what_a_gateway_says_of_one_workspace_is_not_in_the_list_of_gateways(
    sqlite_plane: Plane,
) -> None:
    browser, stranger = await sqlite_plane.owner(), await sqlite_plane.stranger()
    credential = (await mocks(browser))["openai"]
    here = parse_id(browser.workspace_id)
    secret = "of-one-workspace-alone"
    await hear(
        sqlite_plane,
        state(
            credentials=(told(here, credential, last_error=secret, last_error_at=AT),),
            rate_limits=(limit(here, credential, model_group=secret),),
            paces=(pace(here, 0.5, 1),),
        ),
    )
    answer = await stranger.call("GET", "/gateways")
    assert secret not in answer.text
    assert here not in answer.text
    assert credential not in answer.text


# --- bad reports ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xc1",
        b"\x91" * 100_000,
        wire.encode(state("")),
        wire.encode(state("x" * 65)),
        wire.encode(state("../../etc")),
        wire.encode(state())[:-3],
    ],
)
async def test_what_is_no_report_is_refused_and_changes_nothing(body: bytes) -> None:
    reports = Reports()
    with pytest.raises(InvalidInputError):
        reports.hear(body)
    assert reports.all() == []


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 -- what is refused
    for report in (state(started_at=naive), state(credentials=(told("w", "c", open_until=naive),))):
        with pytest.raises(InvalidInputError):
            Reports().hear(wire.encode(report))


def test_only_so_many_gateways_are_remembered_and_the_longest_silent_goes() -> None:
    clock = Clock()
    reports = Reports(clock.now, clock)
    for number in range(MAX_GATEWAYS + 3):
        clock.seconds += 0.1
        reports.hear(wire.encode(state(f"{number:032x}")))
    names = [heard.state.gateway_id for heard in reports.all()]
    assert len(names) == MAX_GATEWAYS
    assert names[0] == f"{3:032x}"


# --- limits -----------------------------------------------------------------------------------------


async def test_limits_are_shown_with_the_key_they_are_of(sqlite_plane: Plane) -> None:
    browser = await sqlite_plane.owner()
    credential = (await mocks(browser))["openai"]
    here = parse_id(browser.workspace_id)
    await hear(
        sqlite_plane,
        state(rate_limits=(limit(here, credential, window_s=60, resets_at=AT, status="allowed"),)),
    )
    (item,) = (await browser.call("GET", "/limits")).json()["items"]
    assert item == {
        "credential_id": f"cred_{credential}", "credential_name": "OpenAI (mock)",
        "mount": "openai", "provider": "openai", "model_group": "gpt-4o", "dimension": "requests",
        "limit": 500, "remaining": 400, "utilization": None, "window_s": 60,
        "resets_at": "2026-11-20T12:00:00Z", "status": "allowed", "source": "header",
        "observed_at": "2026-11-20T12:00:00Z",
    }  # fmt: skip


async def test_of_several_gateways_the_newest_word_on_a_limit_stands(sqlite_plane: Plane) -> None:
    browser = await sqlite_plane.owner()
    credential = (await mocks(browser))["openai"]
    here = parse_id(browser.workspace_id)
    for gateway, minutes, remaining in ((ONE, 5, 10), (TWO, 3, 99)):
        at = AT + timedelta(minutes=minutes)
        one = limit(here, credential, remaining=remaining, observed_at=at)
        daily = limit(here, credential, remaining=remaining, observed_at=at, dimension="tokens")
        await hear(sqlite_plane, state(gateway, rate_limits=(one, daily)))
    items = (await browser.call("GET", "/limits")).json()["items"]
    assert [(item["dimension"], item["remaining"]) for item in items] == [
        ("requests", 10),
        ("tokens", 10),
    ]


@pytest.mark.parametrize("claimed", ["theirs", "ours"])
async def test_no_limit_of_another_workspace_is_ever_shown(
    sqlite_plane: Plane, claimed: str
) -> None:
    """Neither by the workspace that a report names nor by the credential that it names."""
    browser, stranger = await sqlite_plane.owner(), await sqlite_plane.stranger()
    ours, theirs = await mocks(browser), await mocks(stranger)
    workspaces = {"ours": browser.workspace_id, "theirs": stranger.workspace_id}
    where = parse_id(workspaces[claimed])
    credential = ours["openai"] if claimed == "theirs" else theirs["openai"]
    await hear(sqlite_plane, state(rate_limits=(limit(where, credential, remaining=123_456),)))
    for one in (browser, stranger):
        assert (await one.call("GET", "/limits")).json() == {"items": []}
    right = limit(where, theirs["openai"] if claimed == "theirs" else ours["openai"])
    await hear(sqlite_plane, state(rate_limits=(right,)))
    counts = [
        len((await one.call("GET", "/limits")).json()["items"]) for one in (browser, stranger)
    ]
    assert counts == ([0, 1] if claimed == "theirs" else [1, 0])


async def test_a_limit_of_a_key_that_was_removed_is_not_shown(sqlite_plane: Plane) -> None:
    browser = await sqlite_plane.owner()
    credential = (await mocks(browser))["openai"]
    report = state(rate_limits=(limit(parse_id(browser.workspace_id), credential),))
    await hear(sqlite_plane, report)
    await browser.call("DELETE", f"/providers/cred_{credential}")
    assert (await browser.call("GET", "/limits")).json() == {"items": []}


# --- credentials ------------------------------------------------------------------------------------


@pytest.mark.parametrize("health", ["healthy", "invalid", "rate_limited", "failing"])
async def test_how_a_provider_key_does_is_noted_beside_it(plane: Plane, health: str) -> None:
    browser = await plane.owner()
    credential = (await mocks(browser))["openai"]
    report = told(
        parse_id(browser.workspace_id), credential, health=health, last_used_at=AT,
        last_error="It failed (HTTP 500).", last_error_at=AT + timedelta(seconds=1),
    )  # fmt: skip
    await hear(plane, state(credentials=(report,)))
    item = await shown(browser)
    assert (item["status"], item["last_used_at"]) == (health, "2026-11-20T12:00:00Z")
    assert (item["last_error"], item["last_error_at"]) == (
        "It failed (HTTP 500).", "2026-11-20T12:00:01Z",
    )  # fmt: skip
    assert (await shown(browser, "anthropic"))["status"] == "never_used"


async def test_a_breaker_is_shown_while_a_gateway_says_so(plane: Plane) -> None:
    browser = await plane.owner()
    credential = (await mocks(browser))["openai"]
    here, until = parse_id(browser.workspace_id), AT + timedelta(days=3650)
    cut_off = told(here, credential, health="failing", breaker="open", open_until=until)
    await hear(plane, state(ONE, credentials=(cut_off,)))
    await hear(plane, state(TWO, credentials=(told(here, credential),)))
    item = await shown(browser)
    assert (item["breaker"], item["open_until"]) == (
        "open",
        until.isoformat().replace("+00:00", "Z"),
    )
    await hear(plane, state(ONE, credentials=(told(here, credential),)))
    item = await shown(browser)
    assert (item["breaker"], item["open_until"]) == ("closed", None)


async def test_a_report_changes_no_key_of_another_workspace(plane: Plane) -> None:
    browser, stranger = await plane.owner(), await plane.stranger()
    credential = (await mocks(browser))["openai"]
    bad = told(parse_id(stranger.workspace_id), credential, health="invalid", breaker="open")
    await hear(plane, state(credentials=(bad,)))
    item = await shown(browser)
    assert (item["status"], item["breaker"]) == ("never_used", "closed")


async def test_an_older_report_does_not_undo_a_newer_one(plane: Plane) -> None:
    browser = await plane.owner()
    credential = (await mocks(browser))["openai"]
    here = parse_id(browser.workspace_id)
    clock = Clock()
    gateways = Gateways(plane.database, clock.now, clock)
    for gateway, minutes, health in ((ONE, 9, "healthy"), (TWO, 1, "invalid")):
        at = AT + timedelta(minutes=minutes)
        report = told(here, credential, health=health, last_used_at=at)
        await gateways.hear(wire.encode(state(gateway, credentials=(report,))))
        clock.seconds += WRITE_EVERY_S
    assert (await shown(browser))["status"] == "healthy"


async def test_what_was_said_of_the_key_before_does_not_mark_the_new_one(plane: Plane) -> None:
    browser = await plane.owner()
    body = {"provider": "openai", "api_key": "sk-12345678", "base_url": "https://nowhere.invalid"}
    made = (await browser.call("POST", "/providers", body)).json()
    before = datetime.fromisoformat(made["created_at"]) - timedelta(seconds=1)
    report = told(
        parse_id(browser.workspace_id), parse_id(made["id"]), health="invalid",
        last_used_at=before, last_error="The provider refused this key.", last_error_at=before,
    )  # fmt: skip
    await hear(plane, state(credentials=(report,)))
    item = await shown(browser)
    assert (item["status"], item["last_error"]) == ("never_used", made["last_error"])


async def test_recovery_is_noted_where_only_the_health_is_news(plane: Plane) -> None:
    browser = await plane.owner()
    credential = (await mocks(browser))["openai"]
    here, clock = parse_id(browser.workspace_id), Clock()
    gateways = Gateways(plane.database, clock.now, clock)
    for health in ("failing", "healthy"):
        report = told(here, credential, health=health, last_error="x", last_error_at=AT)
        await gateways.hear(wire.encode(state(credentials=(report,))))
        assert (await shown(browser))["status"] == health
        clock.seconds += WRITE_EVERY_S


async def test_a_row_is_written_every_ten_seconds_at_most(sqlite_plane: Plane) -> None:
    browser = await sqlite_plane.owner()
    credential = (await mocks(browser))["openai"]
    here, clock = parse_id(browser.workspace_id), Clock()
    gateways = Gateways(sqlite_plane.database, clock.now, clock)
    written: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("UPDATE provider_credentials"):
            written.append(statement)

    event.listen(sqlite_plane.database.engine.sync_engine, "before_cursor_execute", note)
    for step in range(21):
        used = AT + timedelta(seconds=step)
        report = told(here, credential, last_used_at=used)
        await gateways.hear(wire.encode(state(credentials=(report,))))
        clock.seconds += 1
    assert len(written) == 3
    assert (await shown(browser))["last_used_at"] == "2026-11-20T12:00:20Z"


async def test_noting_how_keys_do_is_no_news_for_gateways(plane: Plane) -> None:
    browser = await plane.owner()
    credential = (await mocks(browser))["openai"]
    before = await plane.publisher.wait(-1, 0)
    assert before is not None
    report = told(parse_id(browser.workspace_id), credential)
    await hear(plane, state(credentials=(report,)))
    assert await plane.publisher.wait(before.version, 0) is None


async def test_a_database_that_is_away_costs_the_note_and_not_the_report(
    sqlite_plane: Plane,
) -> None:
    broken = Database(sqlite_plane.database.url.set(database="/nonexistent/control.sqlite"))
    gateways = Gateways(broken)
    await gateways.hear(wire.encode(state(credentials=(told(new_id(), new_id()),))))
    assert [item.gateway_id for item in gateways.listed().items] == [ONE]
    await broken.close()


# --- paces ------------------------------------------------------------------------------------------


def test_a_pace_is_the_mean_over_gateways_weighted_by_calls() -> None:
    reports = Reports()
    reports.hear(wire.encode(state(ONE, paces=(pace("w", 1.0, 30), pace("other", 9.0, 30)))))
    reports.hear(wire.encode(state(TWO, paces=(pace("w", 0.2, 10), pace("other", 9.0, 0)))))
    assert reports.paces("w") == {("openai", "gpt-4o"): pytest.approx(0.8)}
    assert reports.paces("nobody") == {}
