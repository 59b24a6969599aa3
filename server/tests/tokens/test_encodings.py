"""Counting by OpenAI's encodings, without a network."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from quotah_server.tokens import encodings
from quotah_server.tokens.encodings import DamagedRanksError, count_text
from quotah_server.tokens.models import CL100K, HARMONY, O200K

# Counts that tiktoken 0.14 itself gives with the published files.
SAMPLES = {
    "": (0, 0),
    "hello world": (2, 2),
    "tiktoken is great!": (6, 6),
    "antidisestablishmentarianism": (6, 6),
    "2 + 2 = 4": (7, 7),
    "お誕生日おめでとう": (8, 9),
    "don't  stop\n\n\nthinking\t42": (7, 8),
    "Żółć — 你好\uff0c世界 😀": (9, 13),
    "<|endoftext|>": (7, 7),
    "    def f(x):\n        return x ** 2\n": (12, 12),
}


@pytest.mark.parametrize(("text", "expected"), SAMPLES.items())
def test_a_text_has_the_tokens_that_tiktoken_gives_it(text: str, expected: tuple[int, int]) -> None:
    counted = count_text(O200K, text), count_text(CL100K, text)
    assert (counted[0].tokens, counted[1].tokens) == expected
    assert counted[0].exact
    assert counted[1].exact
    assert count_text(HARMONY, text) == counted[0]


@pytest.mark.parametrize("name", [O200K, CL100K])
def test_an_encoding_is_what_tiktoken_itself_defines(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def load(_url: str, expected_hash: str) -> dict[bytes, int]:
        seen["hash"] = expected_hash
        return {}

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", load)
    theirs = openai_public.ENCODING_CONSTRUCTORS[name]()
    assert "|".join(encodings._WORDS[name]) == theirs["pat_str"]
    assert encodings._RANKS[name][1] == seen["hash"]


def test_harmony_differs_from_o200k_by_special_tokens_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", lambda *_, **__: {})
    plain, harmony = openai_public.o200k_base(), openai_public.o200k_harmony()
    assert plain["pat_str"] == harmony["pat_str"]


def test_no_network_is_asked_for() -> None:
    program = (
        "import socket, os\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from quotah_server.tokens.count import count\n"
        "import json, sys\n"
        "print(json.dumps([count(m, {'text': 'hello world'}).tokens for m in ('gpt-4o', 'gpt-4')]))\n"
        "assert 'requests' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"TIKTOKEN_CACHE_DIR": "/nonexistent", "PATH": ""},
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [2, 2]


def test_a_network_that_is_asked_for_is_seen() -> None:
    """That the test above can fail: tiktoken's own way needs the network."""
    program = (
        "import socket\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "import tiktoken\n"
        "tiktoken.get_encoding('o200k_base')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"TIKTOKEN_CACHE_DIR": "/nonexistent", "PATH": ""},
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert "network" in done.stderr


def test_a_damaged_rank_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    file_name, _ = encodings._RANKS[O200K]
    monkeypatch.setitem(encodings._RANKS, O200K, (file_name, "0" * 64))
    with pytest.raises(DamagedRanksError, match="not the published file"):
        encodings.read_ranks(O200K)
    monkeypatch.setitem(encodings._RANKS, O200K, ("README.md", "0" * 64))
    with pytest.raises(DamagedRanksError, match="does not unpack"):
        encodings.read_ranks(O200K)


def test_an_encoding_is_built_once_however_many_threads_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[str] = []
    build = encodings._build
    monkeypatch.setattr(encodings, "_built", {})
    monkeypatch.setattr(encodings, "_build", lambda name: (built.append(name), build(name))[1])
    counted: list[int] = []
    threads = [
        threading.Thread(target=lambda: counted.append(count_text(CL100K, "hello world").tokens))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [2] * 8
    assert built == [CL100K]


PARTS = st.sampled_from(
    ["word", "Word", " ", "  ", "\n", "\r\n", "\t", "中文", "。", "\uff0c", "'s", "'", "123", "9", ".", ",",
     "!", "(", '"', "é", "e\u0301", "😀", "=", "//", "A", "İ", "\u017f", "x", "\u3000", "\u0627", "_", "-"]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(PARTS, min_size=1, max_size=60).map("".join), st.sampled_from([O200K, CL100K]))
def test_a_text_counted_in_pieces_has_the_same_tokens(text: str, name: str) -> None:
    whole = len(encodings._encoding(name).encode_ordinary(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "_PIECE", 3)
        patch.setattr(encodings, "_SEARCH", 12)
        counted = count_text(name, text)
    if counted.exact:
        assert counted.tokens == whole
    else:
        assert abs(counted.tokens - whole) <= len(text) / 15 + 1


def test_a_seam_at_any_place_would_change_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """That the property above can fail: cut in the middle of words, the sum is another."""
    text = "unbelievable incomprehensibilities " * 20
    whole = count_text(O200K, text).tokens
    monkeypatch.setattr(encodings, "_SEAM", encodings.re.compile(""))
    monkeypatch.setattr(encodings, "_PIECE", 5)
    monkeypatch.setattr(encodings, "_SEARCH", 5)
    assert count_text(O200K, text).tokens != whole


@pytest.mark.parametrize("name", [O200K, CL100K])
@pytest.mark.parametrize("unit", [" ", "\t", "a", "中", "😀", "=", "\x00"])
def test_a_long_run_of_one_character_is_counted_and_told_to_be_cut(name: str, unit: str) -> None:
    counted = count_text(name, unit * 1_200_000 + "x")
    assert counted.tokens > 1_000
    assert not counted.exact


def test_half_a_surrogate_pair_is_counted() -> None:
    assert count_text(O200K, "a\ud83db").tokens > 0
