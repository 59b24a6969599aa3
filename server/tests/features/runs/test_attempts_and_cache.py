"""What a run tells of routes, provider keys, attempts and the cache."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from features.events_rig import Rig
from sqlalchemy import select
from store_events.build import NOON, event_id, priced

from quotah_server.domain.ids import new_id, prefixed
from quotah_server.store.control.models import ProviderCredentialRow, WorkspaceRow

ROUTE, GONE = "e" * 32, "d" * 32


async def stored_key(rig: Rig, name: str, *, elsewhere: bool = False) -> str:
    """Store a provider key's row, in the rig's workspace or in another; returns its id."""
    one_id = new_id()
    async with rig.database.transaction() as session:
        home = (
            await session.scalar(
                select(WorkspaceRow.id).where(WorkspaceRow.id != rig.workspace_id).limit(1)
            )
            if elsewhere
            else rig.workspace_id
        )
        assert home is not None
        session.add(
            ProviderCredentialRow(
                id=one_id,
                workspace_id=home,
                provider="openai",
                name=name,
                mount="openai",
                base_url="https://api.openai.com/v1",
                secret="sealed",
                hint="abcd",
                fingerprint="f",
                status="healthy",
                is_mock=False,
                allow_private=False,
                created_at=NOON,
            )
        )
    return one_id


def append(rig: Rig, *numbers_and_changes: tuple[int, dict[str, Any]]) -> None:
    rig.store.append(
        [priced(n, workspace_id=rig.workspace_id, **c) for n, c in numbers_and_changes]
    )


async def test_a_run_lists_its_attempts_with_the_names_of_their_keys(rig: Rig) -> None:
    mine = await stored_key(rig, "team a")
    call_id = event_id(1)
    append(
        rig,
        (1, {"call_id": call_id, "final": False, "status": "error", "http_status": 429,
             "credential_id": GONE, "route_id": ROUTE}),
        (2, {"call_id": call_id, "attempt": 2, "credential_id": mine, "route_id": ROUTE,
             "provider": "groq", "started_at": NOON + timedelta(seconds=1)}),
    )  # fmt: skip
    (listed,) = (await rig.call("GET", "/runs")).json()["items"]
    assert (listed["attempts"], listed["from_cache"], listed["saved_usd"]) == (2, False, None)
    assert listed["route_id"] == prefixed("route", ROUTE)
    assert listed["credential_id"] == prefixed("cred", mine)

    run = (await rig.call("GET", f"/runs/{listed['id']}")).json()
    assert run["credential_name"] == "team a"
    told = [
        (
            one["attempt"],
            one["provider"],
            one["final"],
            one["credential_id"],
            one["credential_name"],
        )
        for one in run["attempt_list"]
    ]
    assert told == [
        (1, "openai", False, prefixed("cred", GONE), None),
        (2, "groq", True, prefixed("cred", mine), "team a"),
    ]


async def test_a_key_of_another_workspace_keeps_its_name_to_itself(rig: Rig) -> None:
    one = await stored_key(rig, "theirs", elsewhere=True)
    append(rig, (1, {"credential_id": one}))
    run = (await rig.call("GET", f"/runs/{prefixed('evt', event_id(1))}")).json()
    assert run["credential_name"] is None


async def test_an_answer_from_the_cache_costs_nothing_and_says_what_it_saved(rig: Rig) -> None:
    append(
        rig,
        (1, {"from_cache": True, "cost_usd": Decimal(0), "saved_usd": Decimal("0.0045")}),
        (2, {}),
    )
    items = (await rig.call("GET", "/runs")).json()["items"]
    told = {one["id"]: (one["cost_usd"], one["from_cache"], one["saved_usd"]) for one in items}
    assert told == {
        prefixed("run", event_id(1)): ("0", True, "0.0045"),
        prefixed("run", event_id(2)): ("0.0045", False, None),
    }


async def test_runs_are_found_by_route_key_and_cache(rig: Rig) -> None:
    append(
        rig,
        (1, {"from_cache": True, "cost_usd": Decimal(0), "route_id": ROUTE}),
        (2, {"route_id": ROUTE, "credential_id": GONE}),
        (3, {}),
    )

    async def found(query: str) -> set[str]:
        return {one["id"] for one in (await rig.call("GET", f"/runs?{query}")).json()["items"]}

    one, two, three = (prefixed("run", event_id(n)) for n in (1, 2, 3))
    assert await found(f"route={prefixed('route', ROUTE)}") == {one, two}
    assert await found(f"credential={prefixed('cred', GONE)}") == {two}
    assert await found("from_cache=true") == {one}
    assert await found("from_cache=false") == {two, three}
