"""The directory that a demo works in."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zc.zkdeployment.demo.errors import DemoFailed

_plain = re.compile(r"[\w./+-]+", re.ASCII).fullmatch


@contextlib.contextmanager
def directory_for(wanted: Path | None) -> Iterator[Path]:
    """Provide an empty directory: ``wanted``, which stays, or a temporary one.

    The temporary one stays too if :exc:`DemoFailed` is raised: the logs in it
    tell why. Raises :exc:`DemoFailed` if ``wanted`` holds something already,
    or if a path would have to be quoted in a URL.
    """
    above = Path(tempfile.gettempdir()) if wanted is None else wanted
    if not _plain(str(above.resolve())):
        raise DemoFailed(
            f"{above} becomes a part of URLs: name a directory (--directory) whose path has "
            "only ASCII letters, digits and . _ + - in it"
        )
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        if any(wanted.iterdir()):
            raise DemoFailed(f"{wanted} is not empty; name a directory that does not exist yet")
        yield wanted.resolve()
        return
    temporary = Path(tempfile.mkdtemp(prefix="zkdeploy-demo-")).resolve()
    try:
        yield temporary
    except DemoFailed:
        raise
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    shutil.rmtree(temporary, ignore_errors=True)
