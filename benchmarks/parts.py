"""All that is measured. A part is a function of a setting; its name is what --only takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.crowd import crowd
from benchmarks.figures import Findings, Setting
from benchmarks.gathering import gather, live_tree
from benchmarks.handover import handover
from benchmarks.memory import memory
from benchmarks.noop import noop
from benchmarks.packages import packages
from benchmarks.publishing import publishing
from benchmarks.reaction import reaction
from benchmarks.real_rollout import real_rollout
from benchmarks.rollout import rollout
from benchmarks.startup import startup
from benchmarks.web import web

PARTS: Mapping[str, Callable[[Setting], Findings]] = {
    part.__name__: part
    for part in (
        gather,
        live_tree,
        publishing,
        reaction,
        crowd,
        noop,
        packages,
        memory,
        handover,
        rollout,
        real_rollout,
        startup,
        web,
    )
}
