"""The log of an agent, read while it grows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_record = re.compile(r"[\d-]+ [\d:,]+ \S+ (?P<level>[A-Z]+) (?P<text>.*)").fullmatch
_BEGIN = "Deploying version "
_ENDS = ("Agent starting", "Done deploying ", "Abandoning deployment ", "FAILED ")
_SEPARATOR = "=" * 60


@dataclass(frozen=True, slots=True)
class Line:
    """Something that an agent said. ``level`` is empty for the output of a script."""

    host: str
    level: str
    text: str


class Log:
    """The log file of one agent. ``busy`` tells whether a deployment began and has not ended."""

    def __init__(self, host: str, path: Path) -> None:
        self.busy = False
        self._host = host
        self._path = path
        self._read = 0

    def news(self) -> list[Line]:
        """Return what was logged since the last call, without what tells a person nothing."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            # The last line may still be growing; it is read when it is whole.
            whole = file.read().rpartition(b"\n")[0]
        self._read += len(whole) + bool(whole)
        lines = [self._parse(line) for line in whole.decode(errors="replace").splitlines()]
        for line in lines:
            self._follow(line)
        return [line for line in lines if _tells(line)]

    def _parse(self, line: str) -> Line:
        match = _record(line)
        return Line(self._host, match["level"], match["text"]) if match else Line(
            self._host, "", line
        )

    def _follow(self, line: Line) -> None:
        if line.level and line.text.startswith(_BEGIN):
            self.busy = True
        elif line.level and line.text.startswith(_ENDS):
            self.busy = False


def _tells(line: Line) -> bool:
    """Tell whether a line is more than a separator or a part of a traceback."""
    if line.level:
        return line.text != _SEPARATOR
    return bool(line.text) and not line.text.startswith((" ", "Traceback "))
