"""The row of crash points: each point of each scenario, or some of them in short."""

from __future__ import annotations

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.faults.crash_points import SCENARIOS, SERVER_SETTINGS, Crash, Laboratory
from tests.faults.rows import Row, Setting

from zc.zkdeployment.lab.zookeeper import Server

_SHORT = 3  # points of each scenario


def crash_points(setting: Setting) -> Row:
    """Kill an agent at every point of a deployment: it must converge without help."""
    choose = random.Random(setting.seed)
    with (
        Server.start(setting.directory / "zookeeper", settings=SERVER_SETTINGS) as server,
        ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool,
    ):
        laboratory = Laboratory(setting.directory / "laboratory", server)
        crashes: list[Crash] = []
        for scenario in SCENARIOS:
            points, wanted = laboratory.points(scenario)
            numbers = list(range(1, len(points) + 1))
            if setting.short:
                numbers = choose.sample(numbers, _SHORT)
            setting.say(f"{scenario.name}: {len(numbers)} of {len(points)} points")
            crash = [pool.submit(laboratory.crash, scenario, n, wanted) for n in numbers]
            crashes += [each.result() for each in crash]
    violations = tuple(
        f"{each.scenario}, point {each.number} ({each.point}): {each.trouble}"
        for each in crashes
        if each.trouble
    )
    kinds = Counter((each.point or "none left").split(" ")[0] for each in crashes)
    note = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return Row("killed at a point of a deployment", len(crashes), "points", violations, note)
