"""What a guard is: something in the source, and the tests that notice its absence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PRODUCT = "src/zc/zkdeployment"


@dataclass(frozen=True, slots=True)
class Guard:
    """Something in a ``file`` that must not be lost: ``text``, without which ``rest`` is left.

    One of the ``tests``, arguments of pytest, fails without it.
    """

    name: str
    file: str
    text: str
    rest: str
    tests: tuple[str, ...]

    def remove(self, project: Path) -> None:
        """Remove it from a copy of the project; raises ``ValueError`` if it is not there once."""
        path = project / self.file
        source = path.read_text()
        if source.count(self.text) != 1:
            raise ValueError(f"{self.name}: {self.file} has not once {self.text!r}")
        path.write_text(source.replace(self.text, self.rest))


def guard(name: str, file: str, text: str, rest: str, *tests: str) -> Guard:
    """Return a guard in a ``file`` of ``zc.zkdeployment``."""
    return Guard(name, f"{_PRODUCT}/{file}", text, rest, tests)
