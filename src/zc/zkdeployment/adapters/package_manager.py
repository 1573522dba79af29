"""Runs a package manager: again while others keep it from working, and not on its word alone."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence

from zc.zkdeployment.errors import CommandFailed, InstallFailed
from zc.zkdeployment.host.host_ports import Commands, HostFiles
from zc.zkdeployment.host.package_output import (
    busy,
    failed_scriptlets,
    overtaken,
    ran_transaction,
    reason,
    unreadable,
)
from zc.zkdeployment.tree.packages import package_spec

#: Seconds to wait where another program holds the database of installed packages.
PATIENCE = 600.0

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0  # seconds between two tries
_MOST_OVERTAKINGS = 3

logger = logging.getLogger(__name__)


class PackageManager:
    """Runs ``program``.

    Where another program holds the database of installed packages, it is tried again for
    ``patience`` seconds. (dnf itself waits for another dnf; that is bounded as every program.)
    ``environment`` is added to its own.
    Attributes: ``changed``, whether packages may have been changed since it was set to false,
    and ``interrupted``, whether that was ended by force.
    """

    def __init__(
        self,
        program: str,
        commands: Commands,
        files: HostFiles,
        patience: float,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.changed = False
        self.interrupted = False
        self._program = program
        self._commands = commands
        self._files = files
        self._patience = patience
        self._environment = {"LC_ALL": "C", **(environment or {})}

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

    def change(self, arguments: Sequence[str], specs: Sequence[str]) -> str:
        """Run it to change packages; return what it said.

        Tells of scriptlets that failed: with these it may exit with 0 all the same.
        """
        said = self.run(*arguments, *specs)
        for line in failed_scriptlets(said):
            logger.warning("%s: %s", specs[0] if len(specs) == 1 else self._program, line)
        return said

    def spec(self, name: str, version: str | None) -> str:
        """Return the argument that stands for a version of a package, and as few others as can be.

        The whole may be the name of another package, which is then taken: with an epoch it
        is not. That there is such a package shows in ``/opt``, once it is installed.
        """
        spec = package_spec(name, version)
        if version is None or ":" in version or not self._files.has_software(spec):
            return spec
        return package_spec(name, f"0:{version}")

    @contextlib.contextmanager
    def changing(self, names: Collection[str]) -> Iterator[frozenset[str]]:
        """Remember, over a crash too, that packages are being changed, until that is done.

        Provides those of which an earlier change was cut off. What fails without a change to
        any package leaves nothing to remember.
        """
        cut_off = frozenset(name for name in names if self._files.is_cut_off(name))
        self.changed = self.interrupted = False
        for name in names:
            self._files.change_begins(name)
        try:
            yield cut_off
        except (CommandFailed, InstallFailed):
            if not self.changed:
                self._forget(set(names) - cut_off)
            raise
        self._forget(names)

    def _forget(self, names: Collection[str]) -> None:
        for name in names:
            self._files.change_done(name)

    def _run(self, argv: tuple[str, ...]) -> str:
        deadline = time.monotonic() + self._patience
        pause = _SHORTEST_PAUSE
        overtakings = 0
        while True:
            try:
                return self._commands.run(argv, env=self._environment)
            except CommandFailed as error:
                ended_by_force = bool(error.why)
                self.interrupted |= ended_by_force
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
