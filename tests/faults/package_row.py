"""The row of packages: from every state of a host to a version, with a real dnf and rpm."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from tests.faults import package_agents, package_kills, package_table, package_troubles
from tests.faults.package_bench import Case
from tests.faults.rows import Row, Setting

from zc.zkdeployment.lab.zookeeper import Server

_SHORT = 4  # cases


def package_matrix(setting: Setting) -> Row:
    """Bring packages to versions, whatever is there: the version, once and whole, or an error."""
    with (
        Server.start(
            setting.directory / "zookeeper", settings=package_agents.SERVER_SETTINGS
        ) as server,
        ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool,
    ):
        adapters = chain(package_table.cases(), package_kills.cases(), package_troubles.cases())
        all_cases = [
            *((manager, case) for case in adapters for manager in ("yum", "dnf")),
            *(("yum", case) for case in package_agents.cases(server.connection_string)),
        ]
        cases = all_cases
        if setting.short:
            cases = random.Random(setting.seed).sample(all_cases, _SHORT)
        setting.say(f"{len(cases)} of {len(all_cases)} cases")

        def attempt(numbered: tuple[int, tuple[str, Case]]) -> list[str]:
            number, (manager, case) = numbered
            found = case.violations(setting.directory / f"case-{number}", manager)
            return [f"{manager}: {violation}" for violation in found]

        violations = tuple(chain.from_iterable(pool.map(attempt, enumerate(cases))))
    return Row("packages are brought to versions", len(cases), "cases", violations)
