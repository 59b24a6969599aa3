"""An instance gets its owner once: through the link, or through init."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from plane import ORIGIN, PASSWORD, Browser, Plane, bearer
from sqlalchemy import func, select

from quotah_server.domain.errors import ConflictError, InvalidInputError
from quotah_server.features.setup import service
from quotah_server.features.setup.service import Initialised, address_warnings
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import MemberRow, SetupTokenRow, WorkspaceRow

FORM: dict[str, Any] = {
    "email": "Olga@Example.com",
    "password": PASSWORD,
    "name": "Olga",
    "workspace_name": "Acme",
}


async def link_token(plane: Plane) -> str:
    link = await service.setup_link(plane.database, ORIGIN)
    assert link is not None
    assert link.startswith(f"{ORIGIN}/setup?token=")
    return link.partition("token=")[2]


async def set_up(plane: Plane, token: str, **changes: Any):
    return await Browser(plane.client()).call("POST", "/setup", {**FORM, "token": token, **changes})


async def counted(plane: Plane, table: type) -> int:
    async with plane.database.transaction() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def init(plane: Plane, **changes: Any) -> Initialised:
    wanted = {
        "email": "olga@example.com",
        "password": PASSWORD,
        "workspace_name": "Acme",
        **changes,
    }
    return await service.init(plane.database, plane.passwords, **wanted)


async def test_the_link_makes_owner_workspace_and_project_and_signs_in(plane: Plane) -> None:
    browser = Browser(plane.client())
    response = await set_up(plane, await link_token(plane), timezone="Europe/Berlin")
    assert response.status_code == 201
    browser.entered(response)
    me = (await browser.call("GET", "/me")).json()
    assert me == response.json()
    assert me["member"]["email"] == "olga@example.com"
    (workspace,) = me["workspaces"]
    assert (workspace["name"], workspace["role"]) == ("Acme", "owner")
    assert workspace["timezone"] == "Europe/Berlin"
    assert [project["name"] for project in workspace["projects"]] == ["Default"]


async def test_the_instance_tells_whether_it_waits_for_its_owner(plane: Plane) -> None:
    client = plane.client()
    before = (await client.get("/api/v1/instance")).json()
    await plane.owner()
    after = (await client.get("/api/v1/instance")).json()
    assert (before["setup_required"], after["setup_required"]) == (True, False)
    assert set(after) == {"version", "setup_required", "gateway_url", "api_url", "warnings"}


async def test_a_link_works_once(plane: Plane) -> None:
    token = await link_token(plane)
    assert (await set_up(plane, token)).status_code == 201
    response = await set_up(plane, token, email="other@example.com")
    assert (response.status_code, response.json()["code"]) == (401, "invalid_setup_token")
    assert await counted(plane, MemberRow) == 1


async def test_of_many_who_use_the_link_at_once_one_becomes_the_owner(plane: Plane) -> None:
    token = await link_token(plane)
    answers = await asyncio.gather(
        *(set_up(plane, token, email=f"m{number}@example.com") for number in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 7
    assert await counted(plane, MemberRow) == await counted(plane, WorkspaceRow) == 1


async def test_a_new_link_voids_the_one_before(plane: Plane) -> None:
    old, new = await link_token(plane), await link_token(plane)
    assert (await set_up(plane, old)).status_code == 401
    assert (await set_up(plane, new)).status_code == 201


async def test_there_is_no_link_once_there_is_an_owner(plane: Plane) -> None:
    await plane.owner()
    assert await service.setup_link(plane.database, ORIGIN) is None


async def test_an_old_link_is_refused(plane: Plane) -> None:
    past = utc_now() - timedelta(days=8)
    link = await service.setup_link(plane.database, ORIGIN, now=lambda: past)
    assert link is not None
    assert (await set_up(plane, link.partition("token=")[2])).status_code == 401


async def test_the_token_is_stored_by_its_hash_alone(plane: Plane) -> None:
    token = await link_token(plane)
    async with plane.database.transaction() as session:
        row = (await session.scalars(select(SetupTokenRow))).one()
    assert token not in {str(value) for value in vars(row).values()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "too short"),
        ("password", "x" * 257),
        ("email", "nowhere"),
        ("name", "  "),
        ("name", "a\u0000b"),
        ("name", "x" * 81),
        ("workspace_name", "\u2028"),
        ("timezone", "Mars/Olympus"),
        ("is_operator", True),
        ("role", "owner"),
    ],
)
async def test_a_bad_value_is_refused_and_the_link_still_works(
    sqlite_plane: Plane, field: str, value: object
) -> None:
    token = await link_token(sqlite_plane)
    response = await set_up(sqlite_plane, token, **{field: value})
    assert response.status_code == 422
    assert response.json()["field"] in (field, "?")
    assert token not in response.text
    assert (await set_up(sqlite_plane, token)).status_code == 201


async def test_init_does_the_same_and_its_token_opens_the_api(plane: Plane) -> None:
    made = await init(plane)
    assert made.admin_token is not None
    response = await plane.client().get("/api/v1/workspaces", headers=bearer(made.admin_token))
    (workspace,) = response.json()["items"]
    assert workspace["id"] == made.workspace_id
    assert workspace["projects"][0]["id"] == made.project_id
    assert (await plane.sign_in("olga@example.com")).me["member"]["id"] == made.member_id


async def test_init_again_changes_nothing_and_has_no_token_to_show(plane: Plane) -> None:
    first = await init(plane)
    second = await init(plane, password="another password", email=" OLGA@example.com")
    assert second == Initialised(first.workspace_id, first.project_id, first.member_id, None)
    assert await counted(plane, WorkspaceRow) == 1
    assert await plane.sign_in("olga@example.com", PASSWORD)


async def test_init_makes_a_workspace_that_is_missing(plane: Plane) -> None:
    first, other = await init(plane), await init(plane, workspace_name="Second")
    assert other.workspace_id != first.workspace_id
    assert other.member_id == first.member_id
    assert other.admin_token not in (None, first.admin_token)


async def test_rotating_the_token_revokes_the_one_before(plane: Plane) -> None:
    first, second = await init(plane), await init(plane, rotate_token=True)
    assert first.admin_token
    assert second.admin_token
    client = plane.client()
    codes = [
        (await client.get("/api/v1/keys", headers=bearer(token))).status_code
        for token in (first.admin_token, second.admin_token)
    ]
    assert codes == [401, 200]


async def test_init_for_another_owner_is_refused(plane: Plane) -> None:
    await plane.owner()
    with pytest.raises(ConflictError):
        await init(plane)
    assert await counted(plane, MemberRow) == 1


async def test_init_after_the_link_finds_what_the_link_made(plane: Plane) -> None:
    browser = await plane.owner()
    made = await init(plane, email="owner@example.com")
    assert made.workspace_id == browser.workspace_id
    assert made.admin_token is None
    assert (await init(plane, email="owner@example.com", rotate_token=True)).admin_token


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "x"}, "email"),
        ({"password": "short"}, "password"),
        ({"workspace_name": " "}, "workspace"),
        ({"workspace_name": "a\nb"}, "workspace"),
        ({"timezone": "Nowhere"}, "timezone"),
    ],
)
async def test_init_names_the_value_that_is_wrong(
    sqlite_plane: Plane, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await init(sqlite_plane, **changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("url", "warns"),
    [
        ("https://quotah.example.com", False),
        ("http://127.0.0.1:8400", False),
        ("http://localhost:8400", False),
        ("http://[::1]:8400", False),
        ("http://quotah.lan:8400", True),
        ("http://192.168.1.9:8400", True),
    ],
)
def test_an_address_where_passwords_can_be_read_is_warned_of(url: str, warns: bool) -> None:
    assert bool(address_warnings(url)) is warns
