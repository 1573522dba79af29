"""Starts programs. No other module of this package does.

What is logged and printed is fixed by agent.txt, "Verbose mode" and "Error
handling".
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping

from zc.zkdeployment.adapters.control_groups import ControlGroup, ControlGroups
from zc.zkdeployment.adapters.endings import bring_to_end, end_of
from zc.zkdeployment.adapters.output import KEPT, Output, printable
from zc.zkdeployment.adapters.script_environment import script_environment
from zc.zkdeployment.errors import Abandoned, CommandFailed

_LOOK = 0.25  # seconds between two looks at how much a program has printed
_LONGEST_ANSWER = 4 * 1024 * 1024  # bytes of the beginning, and of the end
_LONGEST_LOOK = 16 * 1024  # bytes of the end, for who looks on
_LONGEST_LINE = 200  # characters of the last line of output, in an error

_logger = logging.getLogger("zc.zkdeployment.commands")


class Commands:
    """Runs programs, one after the other, each in a session of its own.

    ``verbose`` tells whether to show what successful programs print; a function is asked
    after each. ``environment`` is added to that which this process has now, as far as programs
    get that. A program that runs longer than ``timeout`` seconds is ended, with all that it
    started, TERM, and KILL ``grace`` seconds later: its session, and with ``groups`` also
    what has left that.

    A program that succeeds may leave daemons behind. Standard input is empty. With
    ``quiet`` the log has what is run at level DEBUG, and nothing is printed.
    """

    def __init__(
        self,
        verbose: Callable[[], bool] | bool = False,
        environment: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        grace: float = 5.0,
        logger: logging.Logger = _logger,
        quiet: bool = False,
        groups: ControlGroups | None = None,
    ) -> None:
        self._verbose = verbose
        self._environment = script_environment(os.environ, environment or {})
        self._timeout = timeout
        self._grace = grace
        self._logger = logger
        self._quiet = quiet
        self._groups = groups
        self._ending = False
        self.begun = 0
        self.may_run_until: float | None = None
        self._output: Output | None = None

    def printed(self) -> str:
        """Return the end of what the program that runs now has printed; from any thread."""
        output = self._output
        return output.end(_LONGEST_LOOK) if output else ""

    def end(self) -> None:
        """End what runs, and run nothing any more. May be called from any thread."""
        self._ending = True

    def run(
        self,
        argv: Iterable[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        is_query: bool = False,
    ) -> str:
        """Log and run ``argv``; return what it printed, standard error included.

        ``env`` is added to the environment of every program; ``timeout``, in seconds,
        replaces that of all commands. With ``is_query`` the program was asked something:
        whatever it exits with, it succeeded, and its answer may be long. The text is bounded
        and printable, see :class:`~zc.zkdeployment.adapters.output.Output`.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed` where the program cannot be started,
        takes too long or does not exit with 0, and ``Abandoned`` after :meth:`end`. What a
        failing program printed is printed here as well, as plain text, unless ``quiet``.
        """
        self._check_not_ending("nothing more is run")
        arguments = tuple(argv)
        command = tuple(printable(argument) for argument in arguments)
        environment = {**self._environment, **(env or {})}
        limit = self._timeout if timeout is None else timeout
        level = logging.DEBUG if self._quiet else logging.INFO
        self._logger.log(level, "%s", " ".join(command).replace("\n", "\\n"))
        group = self._groups.new() if self._groups else None
        with (
            Output(_LONGEST_ANSWER if is_query else KEPT) as output,
            group or contextlib.nullcontext(),
        ):
            self._output = None if is_query else output
            why = self._execute(arguments, cwd, environment, output, limit, group)
            text = output.text()
        if why is not None and (why or not is_query):
            self._check_not_ending(f"{arguments[0]} was ended")
            if not self._quiet:
                _show(text)
                self._logger.error("FAILURE")
            raise CommandFailed(command, why, text)
        if self._verbose() if callable(self._verbose) else self._verbose:
            _show(text)
            self._logger.info("SUCCESS")
        return text

    def _check_not_ending(self, what: str) -> None:
        if self._ending:
            raise Abandoned(f"the agent was told to end at once: {what}")

    def _execute(
        self,
        argv: tuple[str, ...],
        cwd: str | None,
        environment: Mapping[str, str],
        output: Output,
        limit: float | None,
        group: ControlGroup | None,
    ) -> str | None:
        """Run a program to its end; return why it failed, empty for its exit code, or ``None``."""
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output.fileno(),
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            where = "" if error.filename in (None, argv[0]) else f": {error.filename}"
            return f"cannot be started: {error.strerror}{where}"
        except ValueError as error:  # a NUL, or what has no form as bytes
            return f"cannot be started: {error}"
        if not self._wait(process, output, limit, group):
            if self._ending or limit is None:
                return "ended with the agent"
            return f"took longer than {limit:g} s{_last_line(output.text())}"
        code = process.returncode
        if code < 0:
            return f"killed by signal {-code}: {signal.strsignal(-code)}"
        return "" if code else None

    def _wait(
        self,
        process: subprocess.Popen[bytes],
        output: Output,
        limit: float | None,
        group: ControlGroup | None,
    ) -> bool:
        """Wait for the end of a program; tell whether it came in time, else bring it about."""
        deadline = math.inf if limit is None else time.monotonic() + limit
        self.begun += 1
        self.may_run_until = deadline + 2 * self._grace  # to ask it to end, and to kill it
        ended = False
        try:
            if group:
                group.hold(process.pid)
            with end_of(process) as comes_within:
                while (left := deadline - time.monotonic()) > 0 and not self._ending:
                    if ended := comes_within(min(left, _LOOK)):
                        return True
                    output.trim()
            return False
        finally:
            if not ended:  # it is too late, or somebody wants it to end
                bring_to_end(process, group, self._grace)
            process.wait()
            self.may_run_until = None


def _last_line(text: str) -> str:
    """Return the last thing that a program printed, in words for an error."""
    lines = text.split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"; it printed last: {last[:_LONGEST_LINE]}" if last else ""


def _show(text: str) -> None:
    """Print ``text`` as it is, and not as a log record (agent.txt, "Error handling")."""
    stripped = text.strip()
    if not stripped:
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    shown = stripped.encode(encoding, "backslashreplace").decode(encoding)
    with contextlib.suppress(OSError):  # nobody listens any more: no reason to stop
        print(shown, flush=True)  # noqa: T201 # plain text is the contract
