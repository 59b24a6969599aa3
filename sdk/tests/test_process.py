"""Processes that end, fork and import."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading

CALL = """
import os, sys, threading
import openai
from quotah import Quotah
q = Quotah({sink!r}, "qk_in_test")
def ask(feature):
    # A client per call: connections that are shared across a fork would be the test's own fault.
    with (
        openai.OpenAI(base_url={mock!r}, api_key="k", max_retries=0) as client,
        q.context(feature=feature),
    ):
        q.wrap(client).chat.completions.create(model="gpt-4o", messages=[])
"""


def run(script: str, **names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CALL.format(**names) + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_events_are_delivered_when_the_process_ends(mock, sink) -> None:
    done = run("ask('last words')", sink=sink.url, mock=mock.openai_url)
    assert done.returncode == 0, done.stderr
    assert [event["feature"] for event in sink.events] == ["last words"]


def test_events_are_delivered_when_the_process_ends_by_an_exception(mock, sink) -> None:
    done = run("ask('a')\nraise SystemExit(3)", sink=sink.url, mock=mock.openai_url)
    assert done.returncode == 3
    assert len(sink.events) == 1


def test_the_end_waits_at_most_two_seconds_for_a_dead_server(mock, free_port) -> None:
    done = run(
        """
        ask('lost')
        import atexit, time
        ended = time.monotonic()
        atexit._run_exitfuncs()
        print(time.monotonic() - ended)
        """,
        sink=f"http://127.0.0.1:{free_port}",
        mock=mock.openai_url,
    )
    assert done.returncode == 0, done.stderr
    assert 1.5 < float(done.stdout) < 3.0
    assert done.stderr == ""


def test_after_a_fork_parent_and_child_each_send_their_own_events_once(mock, sink) -> None:
    done = run(
        """
        ask('before')
        pid = os.fork()
        ask('child' if pid == 0 else 'parent')
        assert q.flush(10), q.stats()
        if pid == 0:
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        """,
        sink=sink.url,
        mock=mock.openai_url,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(e["feature"] for e in sink.events) == ["before", "child", "parent"]


def test_a_fork_after_events_were_sent_gives_the_child_a_thread_of_its_own(mock, sink) -> None:
    done = run(
        """
        ask('before')
        assert q.flush(10)
        pid = os.fork()
        if pid == 0:
            assert q.stats().sent == 0
            ask('child')
            os._exit(0 if q.flush(10) else 1)
        assert os.waitpid(pid, 0)[1] == 0
        """,
        sink=sink.url,
        mock=mock.openai_url,
    )
    assert done.returncode == 0, done.stderr
    assert [e["feature"] for e in sink.events] == ["before", "child"]


def test_importing_starts_nothing_and_loads_nobody(tmp_path) -> None:
    script = """
        import sys, threading, warnings
        before = set(sys.modules)
        import quotah
        q = quotah.Quotah("http://127.0.0.1:9", "k")
        assert threading.active_count() == 1
        new = {name.split(".")[0] for name in set(sys.modules) - before}
        print(sorted(new - set(sys.stdlib_module_names) - {"quotah"}))
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_many_threads_lose_nothing(q, mock, client, sink) -> None:

    def work() -> None:
        for _ in range(10):
            client.embeddings.create(model="text-embedding-3-small", input="x")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert q.flush(20)
    assert len({event["id"] for event in sink.events}) == 80
