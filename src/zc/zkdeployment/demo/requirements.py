"""The programs that the demo needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from zc.zkdeployment.demo.errors import DemoFailed
from zc.zkdeployment.lab.java import NoZooKeeper, find_runtime

#: Program → the package of Debian and Ubuntu that it comes in.
_PROGRAMS = {
    "rpmbuild": "rpm",
    "dnf": "dnf",
    "createrepo_c": "createrepo-c",
    "svn": "subversion",
    "svnadmin": "subversion",
    "git": "git",
}


def check_programs(which: Callable[[str], str | None] = shutil.which) -> None:
    """Raise :exc:`DemoFailed`, naming all that is missing, unless this machine has all of it."""
    missing = [program for program in _PROGRAMS if which(program) is None]
    packages = sorted({_PROGRAMS[program] for program in missing})
    complaints = []
    if missing:
        complaints.append(
            f"No {', '.join(missing)} on PATH: apt-get install --no-install-recommends "
            f"{' '.join(packages)}"
        )
    try:
        find_runtime(which=which)
    except NoZooKeeper as error:
        complaints.append(str(error))
    if complaints:
        raise DemoFailed("The demo needs programs that are not here.\n" + "\n".join(complaints))
