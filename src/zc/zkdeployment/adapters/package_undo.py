"""Has the packages again that there were before a change that failed."""

from __future__ import annotations

import logging
from collections import Counter

from zc.zkdeployment.adapters.package_programs import Programs, Records
from zc.zkdeployment.errors import CommandFailed
from zc.zkdeployment.host.package_records import difference

logger = logging.getLogger(__name__)


def put_back(programs: Programs, before: Records) -> str:
    """Undo what was done to packages; return in words whether that worked."""
    now = programs.everything()
    trouble = ""
    if difference(before, now):
        logger.warning("Putting packages back: %s", difference(before, now))
        try:
            _undo(programs, before, now)
        except CommandFailed as error:
            trouble = str(error)
        now = programs.everything()
    if changed := difference(before, now) or trouble:
        return f"packages are not as they were: {changed}"
    if programs.manager.interrupted:  # files may be half changed where nothing says so
        return "all packages have the versions that they had"
    programs.manager.changed = False
    return "all packages are as they were"


def _undo(programs: Programs, before: Records, now: Records) -> None:
    names = {record.name for record in before}
    came, stayed = set(now) - set(before), set(now) & set(before)
    doubled = {record.name for record in came} & {record.name for record in stayed}
    surplus = [r for r in came if r.name not in names or r.name in doubled]
    if surplus:
        programs.remove(sorted(surplus, key=str), ())
        now = programs.everything()
    went = sorted(set(before) - set(now), key=str)
    if went:
        programs.restore(went)
    # What replaced them had been begun with. Those that are there twice do not let go.
    single = {record for record, times in Counter(now).items() if times == 1}
    halves = sorted((r for r in stayed & single if r.name in doubled), key=str)
    if halves:
        programs.reinstall(halves)
