"""Rules for the whole suite: skipped tests fail the run, no worker's coverage is lost, and no property is
judged by the speed of the machine."""

from __future__ import annotations

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

settings.register_profile("quotah", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quotah")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    # A worker that is slow to end is killed by xdist before coverage writes at exit: write here.
    measuring = Coverage.current()
    if measuring is not None and hasattr(session.config, "workerinput"):
        measuring.stop()
        measuring.save()
