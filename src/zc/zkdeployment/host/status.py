"""What an agent is doing, for whoever looks at the host itself.

Source: companions.md, "Health check".
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from zc.zkdeployment.host.host_ports import HostFiles
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.moments import text_of


class Status:
    """Writes the status file. May be used by several threads.

    ``told`` gets what is shown, too: the version, and what is done about it.
    """

    def __init__(
        self, files: HostFiles, told: Callable[[Version, str], None] | None = None
    ) -> None:
        self._files = files
        self._told = told
        self._lock = threading.Lock()
        self._said: tuple[Version, str] | None = None
        self._away_since: datetime | None = None

    def say(self, version: Version, doing: str) -> None:
        """Show what is being done about a version, in a few words."""
        with self._lock:
            self._said = version, doing
            self._write()

    def say_once(self, version: Version, doing: str) -> None:
        """Show that, unless something was shown about the version since the agent started."""
        with self._lock:
            if self._said is None or not same_version(self._said[0], version):
                self._said = version, doing
                self._write()

    def away(self, since: datetime | None) -> None:
        """Show as well that ZooKeeper does not answer, for ``None`` that it does again."""
        with self._lock:
            self._away_since = since
            if self._said is not None:
                self._write()

    def _write(self) -> None:
        if self._said is None:
            return
        version, doing = self._said
        if self._away_since is not None:
            doing += f" (without ZooKeeper since {text_of(self._away_since)})"
        self._files.save_status(version, doing)
        if self._told is not None:
            self._told(version, doing)
