"""A workspace's own prices: written by admins, checked, audited, in force at once, nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from features.prices.desk import NOW, PriceDesk, fine, open_desk, problem
from plane import Browser, bearer
from upstream import Upstream

from quotah_server.catalog import terms as terms_
from quotah_server.domain.ids import new_id, parse_id
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.terms import repository as terms_rows
from quotah_server.store.control.session import Database

DEAL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "factor": "0.5"}
OWN: dict[str, Any] = {
    "provider": "openai", "model": "gpt-4o", "rates": {"input": "1.00", "output": "3"},
}  # fmt: skip


def day(offset: int) -> str:
    return (NOW + timedelta(days=offset)).isoformat()


async def test_a_price_that_is_set_prices_the_next_call(desk: PriceDesk) -> None:
    owner = await desk.owner()
    before = desk.call(owner.workspace_id).cost_usd
    fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    after = desk.call(owner.workspace_id)
    assert before == Decimal("0.0045")
    assert after.cost_usd == Decimal("0.00225")
    assert desk.shelf.get(after.price_version) is not None


async def test_setting_and_removing_a_price_is_as_if_it_had_never_been(desk: PriceDesk) -> None:
    owner = await desk.owner()
    before = desk.call(owner.workspace_id)
    made = fine(await owner.call("POST", "/prices/overrides", OWN), 201)
    between = desk.call(owner.workspace_id)
    fine(await owner.call("DELETE", f"/prices/overrides/{made['id']}"), 204)
    after = desk.call(owner.workspace_id)
    assert between.cost_usd == Decimal("0.0016")
    assert (after.cost_usd, after.price_version) == (before.cost_usd, before.price_version)


async def test_what_was_written_is_read_back_in_canonical_form(desk: PriceDesk) -> None:
    owner = await desk.owner()
    body = {
        **OWN, "provider": "Open-AI", "model": " gpt-4o* ", "deployment": "prod", "note": "Q4 deal",
        "project_id": owner.me["workspaces"][0]["projects"][0]["id"],
        "from": "2026-11-01T01:00:00+01:00", "until": "2027-01-01T00:00:00Z",
    }  # fmt: skip
    made = fine(await owner.call("POST", "/prices/overrides", body), 201)
    got = fine(await owner.call("GET", f"/prices/overrides/{made['id']}"))
    (listed,) = fine(await owner.call("GET", "/prices/overrides"))["items"]
    assert got == listed
    assert {key: made[key] for key in got} == got
    assert got["provider"] == "openai"
    assert got["model"] == "gpt-4o*"
    assert got["from"] == "2026-11-01T00:00:00Z"
    assert got["rates"] == {"input": "1", "output": "3"}
    assert got["factor"] is None
    assert got["effective"] is True
    assert got["created_by"] == owner.me["member"]["id"]


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"rates": {"input": "1"}, "factor": "0.5"}, "rates", "either rates or a factor"),
        ({"factor": None}, "rates", "either rates or a factor"),
        ({"factor": "0"}, "factor", "greater than 0"),
        ({"factor": "-1"}, "factor", "greater than 0"),
        ({"factor": "11"}, "factor", "10 at most"),
        ({"factor": "half"}, "factor", "decimal"),
        ({"factor": "NaN"}, "factor", "decimal"),
        ({"factor": "1e3"}, "factor", "decimal"),
        ({"factor": None, "rates": {}}, "rates", "one unit at least"),
        ({"factor": None, "rates": {"input": "-1"}}, "rates.input", "0 or more"),
        ({"factor": None, "rates": {"input": "2000000"}}, "rates.input", "at most"),
        ({"factor": None, "rates": {"input": "0.0000000000000000001"}}, "rates.input", "decimals"),
        ({"factor": None, "rates": {"inptu": "1"}}, "rates.inptu", "no unit"),
        ({"model": "gpt-*-o"}, "model", "at its end"),
        ({"model": " "}, "model", "blank"),
        ({"provider": "open*"}, "provider", "one provider"),
        ({"provider": "a\u0007b"}, "provider", "printed"),
        ({"until": day(-1), "from": day(1)}, "until", "later than from"),
        ({"from": "2026-11-20T12:00:00"}, "from", "timezone"),
        ({"project_id": "prj_" + "0" * 32}, "project_id", "no project"),
        ({"project_id": "nonsense"}, "project_id", "no project"),
        ({"factor": 0.5}, "factor", "string"),
    ],
)  # fmt: skip
async def test_a_faulty_price_is_refused_with_the_field_and_the_way_out(
    desk: PriceDesk, change: dict[str, Any], field: str, told: str
) -> None:
    owner = await desk.owner()
    said = problem(await owner.call("POST", "/prices/overrides", {**DEAL, **change}), 422)
    assert said["field"] == field
    assert told in said["detail"]
    assert fine(await owner.call("GET", "/prices/overrides"))["items"] == []
    assert await desk.audited() == []


async def test_who_does_not_administer_reads_and_does_not_write(desk: PriceDesk) -> None:
    owner = await desk.owner()
    made = fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    one = f"/prices/overrides/{made['id']}"
    document = fine(await owner.call("GET", "/prices/overrides/export"))
    writes = [
        ("POST", "/prices/overrides", DEAL), ("PUT", one, DEAL), ("DELETE", one, None),
        ("POST", "/prices/overrides/import", document), ("PUT", "/prices/trust", {"providers": []}),
        ("PUT", "/prices/updates", {"enabled": True}), ("POST", "/prices/updates/check", None),
    ]  # fmt: skip
    for role in ("viewer", "member"):
        browser = await desk.member(f"{role}@example.com", {owner.workspace_id: role})
        for method, path, body in writes:
            problem(await browser.call(method, path, body), 403)
        for path in (one, "/prices/overrides", "/prices/trust", "/prices/overrides/export"):
            fine(await browser.call("GET", path))
    assert [row.action for row in await desk.audited()] == ["price_override.created"]


async def test_a_price_of_another_workspace_does_not_exist(desk: PriceDesk) -> None:
    owner = await desk.owner()
    made = fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    stranger = await desk.stranger()
    for name in (made["id"], f"ovr_{new_id()}", "no-id"):
        path = f"/prices/overrides/{name}"
        answers = [
            problem(await stranger.call(method, path, body), 404)
            for method, body in (("GET", None), ("PUT", DEAL), ("DELETE", None))
        ]
        assert {answer["code"] for answer in answers} == {"not_found"}
    assert fine(await stranger.call("GET", "/prices/overrides"))["items"] == []
    assert desk.call(stranger.workspace_id).cost_usd == Decimal("0.0045")


async def test_every_write_leaves_before_and_after_in_the_audit_log(desk: PriceDesk) -> None:
    owner = await desk.owner()
    made = fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    path = f"/prices/overrides/{made['id']}"
    fine(await owner.call("PUT", path, {**DEAL, "factor": "0.7"}))
    fine(await owner.call("PUT", path, {**DEAL, "factor": "0.70"}))
    fine(await owner.call("DELETE", path), 204)
    rows = await desk.audited()
    assert [row.action.partition(".")[2] for row in rows] == ["created", "changed", "removed"]
    factors = [(row.before.get("factor"), row.after.get("factor")) for row in rows]
    assert factors == [(None, "0.5"), ("0.5", "0.7"), ("0.7", None)]
    assert {row.subject_id for row in rows} == {parse_id(made["id"], "ovr")}
    assert {row.workspace_id for row in rows} == {parse_id(owner.workspace_id, "ws")}
    assert {row.actor_id for row in rows} == {parse_id(owner.me["member"]["id"], "mem")}


async def test_every_write_is_news_for_the_gateways(desk: PriceDesk) -> None:
    owner = await desk.owner()
    seen = [await desk.snapshot_version()]
    made = fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    seen.append(await desk.snapshot_version())
    fine(await owner.call("PUT", f"/prices/overrides/{made['id']}", OWN))
    seen.append(await desk.snapshot_version())
    async with desk.database.transaction() as session:
        found = await snapshot.build(session)
        mine = await terms_rows.terms_of(session, parse_id(owner.workspace_id))
    assert terms_.decode(found.terms[parse_id(owner.workspace_id)]) == mine
    assert desk.prices.terms_of(parse_id(owner.workspace_id)) == mine
    fine(await owner.call("DELETE", f"/prices/overrides/{made['id']}"), 204)
    seen.append(await desk.snapshot_version())
    assert seen == sorted(set(seen))


async def test_of_two_for_the_same_calls_the_one_begun_last_is_effective(desk: PriceDesk) -> None:
    owner = await desk.owner()
    bodies = [
        {**DEAL, "factor": "0.9"},
        {**DEAL, "factor": "0.8", "from": day(-2)},
        {**DEAL, "factor": "0.7", "from": day(-1)},
        {**DEAL, "factor": "0.6", "from": day(1)},
        {**DEAL, "factor": "0.5", "from": day(-9), "until": day(-8)},
        {**DEAL, "factor": "0.4", "model": "gpt-4o*"},
    ]
    for body in bodies:
        fine(await owner.call("POST", "/prices/overrides", body), 201)
    items = fine(await owner.call("GET", "/prices/overrides"))["items"]
    assert {item["factor"] for item in items if item["effective"]} == {"0.7", "0.4"}
    event = desk.call(owner.workspace_id, at=NOW)
    assert event.cost_usd == Decimal("0.0045") * Decimal("0.7")


async def test_a_written_price_tells_what_it_reaches(desk: PriceDesk) -> None:
    owner = await desk.owner()
    stranger = await desk.stranger()
    for workspace in (owner.workspace_id, stranger.workspace_id):
        desk.call(workspace, "gpt-4o-2024-08-06")
        desk.call(workspace, "gpt-4o-mini")
        desk.call(workspace, "gpt-4o", at=NOW - timedelta(days=31))
    desk.call(owner.workspace_id, "gpt-4o", provider="azure", asked="prod-4o")

    async def reach(**change: Any) -> tuple[int, int]:
        made = fine(await owner.call("POST", "/prices/overrides", {**DEAL, **change}), 201)
        fine(await owner.call("DELETE", f"/prices/overrides/{made['id']}"), 204)
        return made["matches_now"], made["affected_calls_30d"]

    assert await reach() == (1, 1)
    assert await reach(**{"from": day(1)}) == (1, 1)
    models, calls = await reach(model="gpt-4o*")
    assert models > 2
    assert calls == 2
    models, calls = await reach(model="*", provider="*")
    assert models == fine(await owner.call("GET", "/prices/book"))["models"]
    assert calls == 3
    assert (await reach(provider="azure", model="*", deployment="PROD-4o"))[1] == 1
    assert await reach(model="no-such-model") == (0, 0)


async def test_a_price_is_set_also_where_the_event_store_is_away(desk: PriceDesk) -> None:
    owner = await desk.owner()
    desk.store.close()
    made = fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    assert made["affected_calls_30d"] is None
    assert made["matches_now"] == 1


async def test_a_full_disk_refuses_the_price_as_a_whole(
    desk: PriceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await desk.owner()

    def full(_book: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(desk.shelf, "put", full)
    problem(await owner.call("POST", "/prices/overrides", DEAL), 503)
    assert fine(await owner.call("GET", "/prices/overrides"))["items"] == []
    assert desk.call(owner.workspace_id).cost_usd == Decimal("0.0045")


async def test_whose_word_on_a_cost_counts_is_said_per_provider(desk: PriceDesk) -> None:
    owner = await desk.owner()
    providers = fine(await owner.call("GET", "/prices/trust"))["providers"]
    defaults = {one["provider"]: one["default"] for one in providers}
    assert all(one["trusted"] is one["default"] for one in providers)
    wanted = [{"provider": "OpenAI", "trusted": True}, {"provider": "anthropic", "trusted": True}]
    after = fine(await owner.call("PUT", "/prices/trust", {"providers": wanted}))["providers"]
    assert {one["provider"] for one in after if one["trusted"] and not one["default"]} == {
        "openai", "anthropic",
    }  # fmt: skip
    back = [{"provider": "anthropic", "trusted": None}]
    fine(await owner.call("PUT", "/prices/trust", {"providers": back}))
    fine(await owner.call("PUT", "/prices/trust", {"providers": back}))
    assert desk.prices.terms_of(parse_id(owner.workspace_id)).trust == {"openai": True}
    rows = await desk.audited()
    assert [(row.before, row.after) for row in rows] == [
        ({"anthropic": None, "openai": None}, {"anthropic": True, "openai": True}),
        ({"anthropic": True}, {"anthropic": None}),
    ]
    assert defaults["openai"] is False


async def test_trust_in_a_provider_that_nobody_knows_is_refused(desk: PriceDesk) -> None:
    owner = await desk.owner()
    body = {
        "providers": [{"provider": "openai", "trusted": True}, {"provider": "x", "trusted": True}]
    }
    said = problem(await owner.call("PUT", "/prices/trust", body), 422)
    assert said["field"] == "providers.1.provider"
    assert desk.prices.terms_of(parse_id(owner.workspace_id)).trust == {}


async def test_prices_are_kept_and_read_alike_on_every_engine(
    database: Database, tmp_path: Path, publisher: Upstream
) -> None:
    async with open_desk(tmp_path, database, publisher) as desk:
        owner = await desk.owner()
        project = owner.me["workspaces"][0]["projects"][0]["id"]
        body = {**OWN, "project_id": project, "from": "2026-11-01T01:00:00+01:00", "note": "ä\n€"}
        made = fine(await owner.call("POST", "/prices/overrides", body), 201)
        trust = {"providers": [{"provider": "openai", "trusted": True}]}
        fine(await owner.call("PUT", "/prices/trust", trust))
        fine(await owner.call("PUT", f"/prices/overrides/{made['id']}", body))
        async with database.transaction() as session:
            terms = (await terms_rows.all_terms(session))[parse_id(owner.workspace_id)]
        (override,) = terms.overrides
        assert override.rates == {"input": Decimal(1), "output": Decimal(3)}
        assert override.from_ == datetime(2026, 11, 1, tzinfo=UTC)
        assert override.note == "ä\n€"
        assert terms.trust == {"openai": True}
        assert desk.prices.terms_of(parse_id(owner.workspace_id)) == terms
        assert fine(await owner.call("GET", "/prices/updates"))["items"] == []
        fine(await owner.call("DELETE", f"/prices/overrides/{made['id']}"), 204)


async def test_a_key_that_is_bound_to_a_project_sets_prices_of_that_project_alone(
    desk: PriceDesk,
) -> None:
    owner = await desk.owner()
    project = owner.me["workspaces"][0]["projects"][0]["id"]
    key = await desk.key(owner, "admin", project_id=project)
    everywhere = fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    bound = Browser(desk.client())

    async def send(method: str, path: str, body: Any = None) -> Any:
        return await bound.call(method, path, body, {**bearer(key["key"]), "cookie": ""})

    said = problem(await send("POST", "/prices/overrides", DEAL), 422)
    assert said["field"] == "project_id"
    mine = fine(await send("POST", "/prices/overrides", {**DEAL, "project_id": project}), 201)
    seen = fine(await send("GET", "/prices/overrides"))["items"]
    assert {item["id"] for item in seen} == {everywhere["id"], mine["id"]}
    path = f"/prices/overrides/{everywhere['id']}"
    problem(await send("PUT", path, {**DEAL, "project_id": project}), 403)
    problem(await send("DELETE", path), 403)
    trust = {"providers": [{"provider": "openai", "trusted": True}]}
    problem(await send("PUT", "/prices/trust", trust), 403)
    document = {"quotah_price_overrides": 1, "overrides": [], "trust": {"openai": True}}
    problem(await send("POST", "/prices/overrides/import", document), 403)
    fine(await send("DELETE", f"/prices/overrides/{mine['id']}"), 204)
    assert fine(await owner.call("GET", "/prices/overrides"))["items"][0]["id"] == everywhere["id"]
