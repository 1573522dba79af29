"""Runs a package manager: again while others keep it from working, and not on its word alone."""

from __future__ import annotations

import logging
import time

from zc.zkdeployment.errors import CommandFailed
from zc.zkdeployment.package_output import (
    busy,
    overtaken,
    ran_transaction,
    reason,
    unreadable,
)
from zc.zkdeployment.ports import Commands

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0  # seconds between two tries
_MOST_OVERTAKINGS = 3

logger = logging.getLogger(__name__)


class PackageManager:
    """Runs ``program``.

    Where another program holds the database of installed packages, it is tried again for
    ``patience`` seconds. (dnf itself waits for another dnf; that is bounded as every program.)
    Attributes: ``changed``, whether packages may have been changed since it was set to false.
    """

    def __init__(self, program: str, commands: Commands, patience: float) -> None:
        self.changed = False
        self._program = program
        self._commands = commands
        self._patience = patience

    def run(self, *arguments: str) -> str:
        """Return what the program said.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed`, which says why, except for a
        package that there is not.
        """
        argv = (self._program, *arguments)
        try:
            said = self._run(argv)
        except CommandFailed as error:
            if error.why or not (why := reason(error.output)):
                raise
            raise CommandFailed(error.argv, why, error.output) from error
        self.changed |= ran_transaction(said)
        if trouble := unreadable(said):
            raise CommandFailed(argv, trouble, said)
        return said

    def _run(self, argv: tuple[str, ...]) -> str:
        deadline = time.monotonic() + self._patience
        pause = _SHORTEST_PAUSE
        overtakings = 0
        while True:
            try:
                return self._commands.run(argv, env={"LC_ALL": "C"})
            except CommandFailed as error:
                ended_by_force = bool(error.why)
                self.changed |= ended_by_force or ran_transaction(error.output)
                left = deadline - time.monotonic()
                why = busy(error.output)
                if ended_by_force or (why and left <= 0):
                    raise
                if not why:
                    if not overtaken(error.output) or overtakings == _MOST_OVERTAKINGS:
                        raise
                    overtakings += 1
                    logger.info("Another program changed packages meanwhile: once more")
                    continue
            logger.warning("Waiting for another program that changes packages: %s", why)
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)
