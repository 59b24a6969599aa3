"""Keys, provider keys and routes at the command line: what is said is done, what is wrong is one sentence."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from entrypoints.stack import Stack

ROUTES = """
routes:
  - name: Cheap first
    match: {mounts: [openai, acme], models: ["gpt-*"]}
    targets: [{mount: acme, model: llama-4}, {mount: openai}]
    retry: {tries: 3}
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Running, so that commands go through its socket and find what its gateway tells."""
    one = Stack(tmp_path_factory.mktemp("commands") / "data")
    one.init()
    one.start()
    one.json("providers", "add-mock")
    one.json(
        "providers", "add", "compatible", "--mount", "acme", "--name", "Acme", "--weight", "3",
        "--base-url", f"http://127.0.0.1:{one.mock_port}/openai/v1", "--api-key-stdin",
        stdin="sk-12345678\n",
    )  # fmt: skip
    yield one
    one.stop(signal.SIGKILL)


def test_a_provider_key_is_added_listed_and_removed(stack: Stack) -> None:
    made = stack.json(
        "providers", "add", "azure", "--base-url", f"http://127.0.0.1:{stack.mock_port}/openai/v1",
        "--set", "api_version=2025-01-01", "--mount", "azure-eu", "--api-key-stdin",
        stdin="sk-12345678\n",
    )  # fmt: skip
    assert (made["mount"], made["settings"]["api_version"]) == ("azure-eu", "2025-01-01")
    assert made["allow_private"] is True
    listed = {one["id"]: one for one in stack.json("providers", "list")["items"]}
    assert listed[made["id"]]["provider"] == "azure"
    assert {one["name"]: one["weight"] for one in listed.values()}["Acme"] == 3
    (line,) = [one for one in stack.run("providers", "list").stdout.split("\n") if "Acme" in one]
    assert "weight 3" in line
    assert stack.run("providers", "remove", made["id"]).stdout == f"Removed {made['id']}.\n"
    again = stack.run("providers", "remove", made["id"])
    assert (again.returncode, again.stderr) == (1, "There is no such provider key.\n")


def test_an_address_of_ones_own_can_be_held_to_public_ones(stack: Stack) -> None:
    refused = stack.run(
        "providers", "add", "vllm", "--base-url", "http://10.0.0.8/v1", "--no-allow-private"
    )
    assert refused.returncode == 1
    assert refused.stderr.strip()
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("add", "openai"), "--api-key-stdin"),
        (("add", "nobody"), "The provider is none of"),
        (
            ("add", "vllm", "--base-url", "http://127.0.0.1:9", "--set", "x"),
            "--set takes name=value",
        ),
        (("add", "vllm", "--base-url", "http://127.0.0.1:9", "--mount", "api"), "mount: api is an"),
        (("add", "vllm", "--base-url", "http://127.0.0.1:9", "--weight", "-1"), "weight: "),
        (("add", "vllm"), "give its base URL"),
    ],
)
def test_a_wrong_provider_is_one_sentence(stack: Stack, args: tuple[str, ...], said: str) -> None:
    refused = stack.run("providers", *args)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_key_is_made_with_what_it_may_do(stack: Stack) -> None:
    made = stack.json(
        "keys", "create", "--kind", "gateway", "--name", "app", "--model", "gpt-*", "--model", "o4",
        "--provider", "openai", "--rpm", "60", "--tpm", "1000", "--no-byok", "--feature", "search",
        "--team", "core", "--tag", "a=b", "--environment", "production",
    )  # fmt: skip
    assert (made["models"], made["mounts"]) == (["gpt-*", "o4"], ["openai"])
    assert (made["requests_per_minute"], made["tokens_per_minute"]) == (60, 1000)
    assert (made["byok"], made["environment"]) == (False, "production")
    assert made["defaults"]["feature"] == "search"
    assert (made["defaults"]["team"], made["defaults"]["tags"]) == ("core", {"a": "b"})
    refused = stack.run("keys", "create", "--kind", "gateway", "--name", "x", "--rpm", "0")
    assert refused.returncode == 1
    assert refused.stderr.startswith("requests_per_minute: ")


def test_routes_live_in_a_file(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text(ROUTES)
    assert stack.run("routes", "apply", str(file), "--dry-run").stdout.startswith("+ Cheap first\n")
    assert stack.json("routes", "list")["items"] == []
    assert stack.run("routes", "apply", str(file)).stdout == "+ Cheap first\n"
    (route,) = stack.json("routes", "list")["items"]
    assert route["retry"]["tries"] == 3
    listed = stack.run("routes", "list", "--yaml").stdout
    assert stack.run("routes", "apply", "-", stdin=listed).stdout == "Nothing changed.\n"
    told = stack.run("routes", "dry-run", "--mount", "openai", "--model", "gpt-4o").stdout
    assert told.startswith("This request would go to llama-4 at acme; if that fails, to gpt-4o at")
    draft = json.dumps({"name": "Draft", "disconnect": "abort"})
    answer = stack.json(
        "routes", "dry-run", "--mount", "openai", "--model", "o4", "--draft", "-", stdin=draft
    )
    assert (answer["route"]["name"], answer["disconnect"]) == ("Draft", "abort")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b", "The file holds a beside `routes`."),
        ("{}", "The file has no list `routes`"),
        ("[1]", "is no YAML or JSON object"),
        ("routes: [{name: x, retries: 3}]", "Route 1 (x), retries: there is no such field."),
        ("routes: [{name: x}, 1]", "Route 2, input: is no object."),
        ("routes: [{name: x, targets: [{mount: nowhere}]}]", "Route 1 (x), targets.0.mount: "),
        ("\x00", "is no YAML or JSON object"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_changes_nothing(
    stack: Stack, text: str, said: str
) -> None:
    before = stack.json("routes", "list")
    refused = stack.run("routes", "apply", "-", stdin=text)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert stack.json("routes", "list") == before
