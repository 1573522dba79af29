"""The log of an agent, read while it grows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_record = re.compile(
    r"(?P<time>[\d-]+ [\d:,]+) (?P<logger>\S+) (?P<level>[A-Z]+) (?P<text>.*)"
).fullmatch
_OURS = "zc."
_BEGIN = "Deploying version "
_ENDS = ("Agent starting", "Done deploying ", "Abandoning deployment ", "FAILED ")
_SEPARATOR = "=" * 60


@dataclass(frozen=True, slots=True)
class Line:
    """Something that an agent said.

    ``level`` is empty for the output of a script. Lines can be ordered by
    ``time``.
    """

    host: str
    level: str
    text: str
    time: str = field(default="", compare=False)


class Log:
    """The log file of one agent, with paths as the host knows them, below its ``root``.

    ``busy`` tells whether a deployment began and has not ended.
    """

    def __init__(self, host: str, path: Path, root: Path) -> None:
        self.busy = False
        self._host = host
        self._path = path
        self._root = f"{root}/"
        self._time = ""
        self._read = 0

    def news(self) -> list[Line]:
        """Return what was logged since the last call, without what tells a person nothing."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            # The last line may still be growing; it is read when it is whole.
            whole, end, _ = file.read().rpartition(b"\n")
        self._read += len(whole + end)
        text = whole.decode(errors="replace").replace(self._root, "/")
        return [line for line in map(self._parse, text.splitlines()) if line]

    def _parse(self, text: str) -> Line | None:
        """Return a line if it is more than a separator, a traceback or the talk of a library."""
        record = _record(text)
        if not record:
            ours = text and not text.startswith((" ", "Traceback "))
            return Line(self._host, "", text, self._time) if ours else None
        self._time = record["time"]
        if not record["logger"].startswith(_OURS) or record["text"] == _SEPARATOR:
            return None
        self._follow(record["text"])
        return Line(self._host, record["level"], record["text"], self._time)

    def _follow(self, text: str) -> None:
        if text.startswith(_BEGIN):
            self.busy = True
        elif text.startswith(_ENDS):
            self.busy = False
