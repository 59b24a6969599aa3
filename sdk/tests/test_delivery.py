"""Events on their way to a server that is away, slow, broken or unwilling."""

from __future__ import annotations

import json
import random
import time

import openai
import pytest

from quotah import Quotah

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}


def until(condition, deadline_s: float = 10.0) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def ask(q: Quotah, mock, times: int = 1) -> None:
    with openai.OpenAI(base_url=mock.openai_url, api_key="k", max_retries=0) as own:
        client = q.wrap(own)
        for _ in range(times):
            client.chat.completions.create(**CHAT)


def test_events_arrive_by_themselves_within_two_seconds(q, mock, sink) -> None:
    started = time.monotonic()
    ask(q, mock)
    until(lambda: sink.events, 5.0)
    assert time.monotonic() - started < 2.5


def test_a_batch_is_gzipped_json_under_the_key(q, mock, sink) -> None:
    ask(q, mock, 3)
    assert q.flush(10)
    assert sink.headers[0]["content-encoding"] == "gzip"
    assert sink.headers[0]["authorization"] == "Bearer qk_in_test"
    assert len(json.loads(sink.bodies[0])) == 3


def test_events_wait_while_the_server_is_away_and_arrive_once(mock, free_port, make_sink) -> None:
    q = Quotah(f"http://127.0.0.1:{free_port}", "qk_in_test")
    ask(q, mock, 3)
    assert not q.flush(0.3)
    assert q.stats().queued == 3
    assert "Connection" in q.stats().last_error
    late = make_sink(free_port)
    assert q.flush(10)
    assert len({event["id"] for event in late.events}) == len(late.events) == 3
    assert q.stats().sent == 3


def test_retries_leave_the_random_numbers_of_the_program_alone(mock, free_port) -> None:
    q = Quotah(f"http://127.0.0.1:{free_port}", "qk_in_test")
    random.seed(7)
    undisturbed = random.getstate()

    ask(q, mock)
    until(lambda: q.stats().retries >= 2)

    # The vendor's client draws too; it does so on this thread, before the retries.
    random.setstate(undisturbed)
    until(lambda: q.stats().retries >= 4, 20.0)
    assert random.getstate() == undisturbed


@pytest.mark.parametrize("trouble", [500, 503, 429, b"<html>", b'{"ok": true}'])
def test_a_batch_is_sent_again_after_trouble_with_the_same_ids(q, mock, sink, trouble) -> None:
    sink.script = [trouble, trouble]
    ask(q, mock, 2)
    assert q.flush(10)
    sent = [[event["id"] for event in json.loads(body)] for body in sink.bodies]
    assert len(sent) == 3
    assert sent[0] == sent[1] == sent[2]
    assert q.stats().retries == 2


def test_retry_after_is_waited_for_even_by_a_flush(q, mock, sink) -> None:
    sink.script, sink.retry_after = [429], "1"
    ask(q, mock)
    assert q.flush(10)
    assert sink.times[1] - sink.times[0] >= 1.0


def test_a_refusal_is_final_counted_and_named(q, mock, sink) -> None:
    sink.script = [401]
    ask(q, mock, 2)
    assert q.flush(10)
    assert q.stats().dropped == {"refused": 2}
    assert "401" in q.stats().last_error
    assert len(sink.bodies) == 1


def test_a_batch_that_is_too_large_is_split_until_it_fits(q, mock, sink) -> None:
    sink.script = [413, 413]
    ask(q, mock, 5)
    assert q.flush(10)
    assert [len(json.loads(body)) for body in sink.bodies] == [5, 2, 1, 4]
    assert len({event["id"] for event in sink.events}) == 5


def test_a_full_queue_drops_the_oldest_and_counts_them(mock, free_port, make_sink) -> None:
    q = Quotah(f"http://127.0.0.1:{free_port}", "qk_in_test", queue_size=4)
    ask(q, mock, 3)
    assert not q.flush(0.2)
    ask(q, mock, 3)
    assert not q.flush(0.2)
    assert q.stats().queued == 4
    late = make_sink(free_port)
    assert q.flush(10)
    assert len(late.events) + q.stats().dropped["overflow"] == 6
    assert [e["provider_response_id"] for e in late.events] == [e.id for e in mock.log()[2:]]


def test_a_slow_server_does_not_slow_the_caller(q, mock, sink) -> None:
    sink.script = [1.5]
    ask(q, mock)
    until(lambda: sink.bodies)
    started = time.monotonic()
    ask(q, mock, 10)
    assert time.monotonic() - started < 1.0
    assert q.flush(10)
    assert len(sink.events) == 11


def test_no_prompt_answer_or_key_ever_leaves(q, client, claude, mock, sink) -> None:
    secret = "the launch code is 0000"
    ask_secret = [{"role": "user", "content": secret}]
    headers = {"x-mock-text": "and the answer is 1111"}
    client.chat.completions.create(model="gpt-4o", messages=ask_secret, extra_headers=headers)
    list(client.responses.create(model="gpt-4o", input=secret, stream=True, extra_headers=headers))
    claude.messages.create(
        model="claude-haiku-4-5", max_tokens=99, messages=ask_secret, extra_headers=headers
    )
    assert q.flush(10)
    assert len(sink.events) == 3
    everything = b"".join(sink.bodies).decode()
    for word in ("launch code", "1111", "sk-test", "sk-ant-test"):
        assert word not in everything
    assert "gpt-4o" in everything


def test_disabled_by_the_environment_records_nothing(monkeypatch, mock, sink) -> None:
    monkeypatch.setenv("QUOTAH_DISABLED", "1")
    q = Quotah(sink.url, "qk_in_test")
    ask(q, mock)
    assert q.flush(5)
    assert (sink.bodies, q.stats().enabled, q.stats().reason) == ([], False, "disabled")


def test_settings_come_from_the_environment(monkeypatch, mock, sink) -> None:
    monkeypatch.setenv("QUOTAH_URL", sink.url + "/")
    monkeypatch.setenv("QUOTAH_API_KEY", "qk_in_env")
    monkeypatch.setenv("QUOTAH_ENVIRONMENT", "staging")
    q = Quotah()
    ask(q, mock)
    assert q.flush(10)
    assert sink.headers[0]["authorization"] == "Bearer qk_in_env"
    assert sink.events[0]["environment"] == "staging"


@pytest.mark.parametrize(
    ("url", "key", "reason"),
    [
        ("ftp://example.com", "k", "http://"),
        ("http://x:y", "k", "QUOTAH_URL"),
        (5, "k", "QUOTAH_URL"),
        ("qk_in_secret", "http://127.0.0.1:8400", "QUOTAH_URL"),
        (None, "", "key"),
        (None, "qk_in_secret\nx", "key"),
        (None, "qk_in_sécret", "key"),
    ],
)
def test_settings_that_cannot_work_disable_and_say_why(
    monkeypatch, mock, caplog, url, key, reason
) -> None:
    monkeypatch.delenv("QUOTAH_API_KEY", raising=False)
    q = Quotah(url, key)
    ask(q, mock)
    assert q.stats().enabled is False
    assert reason in q.stats().reason
    assert "cret" not in q.stats().reason + caplog.text


def test_a_key_with_a_line_end_from_a_file_works(mock, sink) -> None:
    q = Quotah(f" {sink.url}\n", "qk_in_test\n", queue_size="many")
    ask(q, mock)
    assert q.flush(10)
    assert sink.headers[0]["authorization"] == "Bearer qk_in_test"


@pytest.mark.parametrize("tags", [5, "text", ["a"], {5: None}])
def test_tags_that_are_none_never_reach_the_caller(mock, sink, tags) -> None:
    q = Quotah(sink.url, "qk_in_test")
    with q.context(feature="f", tags=tags):
        ask(q, mock)
    assert q.flush(10)
    assert sink.events[0]["feature"] == "f"
