"""What the demo needs of a machine."""

from __future__ import annotations

import os
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


def check_requirements(
    which: Callable[[str], str | None] = shutil.which, user: Callable[[], int] = os.geteuid
) -> None:
    """Raise :exc:`DemoFailed`, naming all that is missing, unless the demo can run here."""
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
    if user() != 0:
        complaints.append(
            "dnf installs for root only, below any directory: run the demo as root, or as\n"
            "    unshare --map-root-user zkdeploy demo"
        )
    if complaints:
        raise DemoFailed("the demo cannot run here.\n" + "\n".join(complaints))
