"""What hostile bodies, full disks and endless data may cost: an answer, never the service."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from features.prices import test_updates
from features.prices.desk import PriceDesk, fine, problem
from plane import Browser, bearer
from upstream import Upstream

from quotah_server.domain.ids import new_id
from quotah_server.features.prices import child

DEAL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "factor": "0.5"}
CALL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "usage": {"input": 1}}
LONG = "x" * 100_000
BROKEN = "\ud800"


@pytest.mark.parametrize(
    "change",
    [
        {"model": BROKEN},
        {"note": BROKEN},
        {"deployment": BROKEN},
        {"factor": BROKEN},
        {"factor": "0." + "1" * 100_000},
        {"factor": "\u0663"},
        {"factor": None, "rates": {BROKEN: "1"}},
        {"factor": None, "rates": {LONG: "1"}},
        {"factor": None, "rates": {LONG: 1}},
        {"factor": None, "rates": {"input": LONG}},
        {"factor": None, "rates": {"input": "1e-999999"}},
    ],
)
async def test_an_odd_price_is_refused_in_few_words(
    desk: PriceDesk, change: dict[str, Any]
) -> None:
    owner = await desk.owner()
    answer = await owner.call("POST", "/prices/overrides", {**DEAL, **change})
    problem(answer, 422)
    assert len(answer.text) < 1000
    document = {"quotah_price_overrides": 1, "overrides": [{**DEAL, **change}]}
    answer = await owner.call("POST", "/prices/overrides/import", document)
    if answer.status_code != 422:
        assert fine(answer)["applied"] is False
    assert len(answer.text) < 1000


@pytest.mark.parametrize(
    "change",
    [
        {"usage": {LONG: 1}},
        {"usage": {BROKEN: 1}},
        {"extras": {"processing": BROKEN}},
        {"extras": {BROKEN: "x"}},
        {"extras": {"processing": LONG}},
        {"model": BROKEN},
    ],
)
async def test_an_odd_call_is_refused_before_it_is_priced(
    desk: PriceDesk, change: dict[str, Any]
) -> None:
    owner = await desk.owner()
    answer = await owner.call("POST", "/prices/preview", {**CALL, **change})
    problem(answer, 422)
    assert len(answer.text) < 1000
    assert fine(await owner.call("POST", "/prices/preview", CALL))["status"] == "computed"


async def test_a_key_of_one_project_does_not_learn_the_prices_of_another(desk: PriceDesk) -> None:
    owner = await desk.owner()
    mine = owner.me["workspaces"][0]["projects"][0]["id"]
    other = f"prj_{new_id()}"
    key = await desk.key(owner, "admin", project_id=mine)
    bound = Browser(desk.client())

    async def asked(project: str | None) -> Any:
        headers = {**bearer(key["key"]), "cookie": ""}
        body = {**CALL, "project_id": project}
        return await bound.call("POST", "/prices/preview", body, headers)

    problem(await asked(other), 404)
    fine(await asked(mine))
    fine(await asked(None))
    fine(await owner.call("POST", "/prices/preview", {**CALL, "project_id": other}))


async def test_a_full_disk_is_told_and_the_look_is_not_repeated_at_once(
    desk: PriceDesk, publisher: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await desk.owner()
    old = desk.prices.book

    def full(_book: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(desk.shelf, "put", full)
    test_updates.serve(publisher, test_updates.with_a_new_model())
    told = await test_updates.checked(owner)
    assert told["last_error"] == "Newer prices cannot be kept: No space left on device."
    assert told["last_checked_at"] is not None
    assert [item["state"] for item in told["items"]] == ["failed"]
    assert desk.prices.book is old
    assert (await desk.pointer()).book_version is None


@pytest.mark.parametrize(
    ("program", "ends"),
    [
        ("bytearray(3 * 1024**3)", "MemoryError"),
        ("open('large', 'wb').truncate(1024**3)", "File too large"),
        ("print(1)", ""),
    ],
)
async def test_a_child_is_bounded_in_what_it_takes(program: str, ends: str, tmp_path: Any) -> None:
    (tmp_path / "greedy.py").write_text(program)
    greedy = await asyncio.create_subprocess_exec(
        sys.executable, "-m", child.__name__, "greedy", cwd=tmp_path,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await greedy.communicate()
    assert ends in said.decode()
    assert (greedy.returncode == 0) is (ends == "")
