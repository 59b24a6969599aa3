"""A price of one's own, from the API to the next call through the gateway and to those before it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from entrypoints.stack import Stack, fetch, until

HALF = {"provider": "openai", "model": "gpt-4o", "factor": "0.5"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    one = Stack(tmp_path / "data")
    yield one
    one.stop(signal.SIGKILL)


class Caller:
    """Calls the mock provider through the gateway, and sends events to the API."""

    def __init__(self, stack: Stack, token: str) -> None:
        self.stack, self.token = stack, token
        self.key = stack.json("keys", "create", "--kind", "gateway", "--name", "app")["key"]
        self.ingest = stack.json("keys", "create", "--kind", "ingest", "--name", "sdk")["key"]

    def call(self) -> bool:
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
        url = f"{self.stack.gateway}/openai/v1/chat/completions"
        return fetch(url, "POST", {"authorization": f"Bearer {self.key}"}, body)[0] == 200

    def send(self) -> None:
        at = datetime.now(UTC).isoformat()
        event = {"provider": "openai", "operation": "chat", "model": "gpt-4o", "status": "success",
                 "usage": {"prompt_tokens": 1000, "completion_tokens": 200}, "started_at": at,
                 "ended_at": at}  # fmt: skip
        headers = {"authorization": f"Bearer {self.ingest}"}
        assert fetch(f"{self.stack.api}/api/v1/events", "POST", headers, [event])[0] == 200

    def runs(self, count: int) -> list[dict[str, Any]]:
        """The newest runs, once there are so many."""

        def found() -> Any:
            items = self.stack.ask("GET", "/runs", self.token)["items"]
            return items if len(items) >= count else None

        return until(found, seconds=10)

    def newest(self, count: int) -> dict[str, Any]:
        return self.stack.ask("GET", f"/runs/{self.runs(count)[0]['id']}", self.token)


def amounts(run: dict[str, Any]) -> Decimal:
    return sum((Decimal(item["amount_usd"]) for item in run["line_items"]), Decimal(0))


def test_a_price_of_ones_own_reaches_both_planes_the_calls_before_it_and_outlives_a_restart(
    stack: Stack,
) -> None:
    token = stack.init()["admin_token"]
    stack.json("providers", "list")
    stack.run("providers", "add-mock")
    stack.start()
    caller = Caller(stack, token)
    until(caller.call, seconds=10)
    before = caller.newest(1)
    assert amounts(before) == Decimal(before["cost_usd"])

    # From the API on, the next call is priced under it, whichever way it comes.
    stack.ask("POST", "/prices/overrides", token, HALF)
    version = stack.ask("GET", "/prices/book", token)["version"]
    assert version != before["price_version"]

    def priced_under_it() -> bool:
        count = len(caller.runs(1))
        assert caller.call()
        return caller.newest(count + 1)["price_version"] == version

    until(priced_under_it, seconds=10)
    count = len(caller.runs(1))
    under = caller.newest(count)
    assert amounts(under) == Decimal(under["cost_usd"])
    caller.send()
    sent = caller.newest(count + 1)
    assert (sent["cost_usd"], sent["price_version"]) == ("0.00225", version)
    assert (stack.folder / "books" / f"{version}.json").exists()

    # The calls before it keep their cost until they are priced again.
    day = datetime.now(UTC) - timedelta(days=1)
    span = ("--from", day.isoformat(), "--to", (day + timedelta(days=2)).isoformat())
    told = stack.json("reprice", *span, "--dry-run")
    assert told["totals"]["changed"] >= 1
    assert stack.ask("GET", f"/runs/{before['id']}", token)["cost_usd"] == before["cost_usd"]
    done = stack.json("reprice", *span)
    assert (done["applied"], done["totals"]) == (True, told["totals"])
    after = stack.ask("GET", f"/runs/{before['id']}", token)
    assert Decimal(after["cost_usd"]) * 2 == Decimal(before["cost_usd"])
    assert (amounts(after), after["price_version"]) == (Decimal(after["cost_usd"]), version)

    # On an idle folder as well; and the gateway comes back to the same prices without the API's word.
    assert stack.stop(signal.SIGINT) == 0
    assert stack.json("reprice", *span)["totals"]["changed"] == 0
    stack.start()
    until(caller.call, seconds=10)
    assert caller.newest(count + 2)["price_version"] == version


def test_the_table_of_a_repricing_can_be_read(stack: Stack) -> None:
    stack.init()
    seeded = stack.json("seed", "--events", "300", "--days", "2", "--end", "2026-11-12T12:00:00Z")
    span = ("--from", "2026-11-10", "--to", "2026-11-13", "--workspace", seeded["workspace_id"])
    shown = stack.run("reprice", *span, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].split() == [
        "Provider",
        "Model",
        "Events",
        "Changed",
        "Old",
        "USD",
        "New",
        "USD",
        "Difference",
    ]
    total = next(line for line in lines if line.startswith("Total"))
    assert total.split()[1:3] == ["300", "0"]
    assert lines[-1] == "Would change 0 of 300 events; without --dry-run it does."
    nothing = stack.run("reprice", *span, "--model", "no-such-model")
    assert nothing.stdout.startswith("Changed 0 of 0 events (reprice_")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--from", "2026-11-10", "--to", "2026-11-09"), "to must be later than from."),
        (("--from", "soon", "--to", "2026-11-09"), "'soon' is no day or RFC 3339 instant."),
        (("--from", "2026-11-01T10:00:00", "--to", "2026-11-09"), "names no time zone"),
        (("--from", "0999-11-01", "--to", "2026-11-09"), "from must lie in the years"),
    ],
)
def test_a_wrong_period_is_refused_in_one_sentence(
    stack: Stack, args: tuple[str, ...], told: str
) -> None:
    stack.init()
    refused = stack.run("reprice", *args)
    assert refused.returncode == 1
    assert told in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_what_is_printed_for_programs_is_one_line(stack: Stack) -> None:
    stack.init()
    shown = stack.run("reprice", "--from", "2026-11-10", "--to", "2026-11-11", "--json")
    assert shown.stdout.count("\n") == 1
    assert json.loads(shown.stdout)["totals"]["events"] == 0
