"""The directory that a demo works in."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zc.zkdeployment.demo.errors import DemoFailed


@contextlib.contextmanager
def directory_for(wanted: Path | None) -> Iterator[Path]:
    """Provide an empty directory: ``wanted``, which stays, or a temporary one.

    The temporary one stays too if :exc:`DemoFailed` is raised: the logs in it
    tell why. Raises :exc:`DemoFailed` if ``wanted`` holds something already.
    """
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
