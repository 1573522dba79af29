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
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from zc.zkdeployment.adapters.output import Output, printable
from zc.zkdeployment.errors import Abandoned, CommandFailed

_LOOK = 0.25  # seconds between two looks at how much a program has printed

_logger = logging.getLogger("zc.zkdeployment.commands")


class Commands:
    """Runs programs, one after the other, each in a session of its own.

    ``verbose`` tells whether to show what successful programs print; a
    function is asked after each. ``environment`` is added to that of this
    process. A program that runs longer than ``timeout`` seconds is ended, with
    all that it started: TERM, and KILL ``grace`` seconds later.

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
    ) -> None:
        self._verbose = verbose
        self._environment = dict(environment or {})
        self._timeout = timeout
        self._grace = grace
        self._logger = logger
        self._quiet = quiet
        self._ending = False

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
    ) -> str:
        """Log and run ``argv``; return what it printed, standard error included.

        ``env`` is added to the environment of every program; ``timeout``, in
        seconds, replaces that of all commands. The text is bounded and
        printable, see :class:`~zc.zkdeployment.adapters.output.Output`.

        Raises :exc:`~zc.zkdeployment.errors.CommandFailed` where the program
        cannot be started, takes too long or does not exit with 0, and
        :exc:`~zc.zkdeployment.errors.Abandoned` after :meth:`end`. What a failing
        program printed is printed here as well, as plain text, unless ``quiet``.
        """
        self._check_not_ending("nothing more is run")
        arguments = tuple(argv)
        command = tuple(printable(argument) for argument in arguments)
        environment = os.environ | self._environment | dict(env or {})
        limit = self._timeout if timeout is None else timeout
        level = logging.DEBUG if self._quiet else logging.INFO
        self._logger.log(level, "%s", " ".join(command).replace("\n", "\\n"))
        with Output() as output:
            why = self._execute(arguments, cwd, environment, output, limit)
            text = output.text()
        if why is not None:
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
        if not self._wait(process, output, limit):
            return "ended with the agent" if self._ending else f"took longer than {limit:g} s"
        code = process.returncode
        if code < 0:
            return f"killed by signal {-code}: {signal.strsignal(-code)}"
        return "" if code else None

    def _wait(self, process: subprocess.Popen[bytes], output: Output, limit: float | None) -> bool:
        """Wait for the end of a program; tell whether it came in time, else bring it about."""
        deadline = math.inf if limit is None else time.monotonic() + limit
        ended = threading.Event()
        try:
            threading.Thread(target=_notice_end, args=(process.pid, ended), daemon=True).start()
            while (left := deadline - time.monotonic()) > 0 and not self._ending:
                if ended.wait(min(left, _LOOK)):
                    return True
                output.trim()
            return False
        finally:
            if not ended.is_set():  # it is too late, or somebody wants it to end
                _end(process, self._grace)
            process.wait()


def script_home(environ: Mapping[str, str], uid: int) -> str:
    """Return the ``HOME`` that scripts get.

    Root's is ``/root`` whatever the agent was started with; another user
    keeps what there is (companions.md, "Other behaviour worth keeping").
    """
    return "/root" if uid == 0 else environ.get("HOME", "/")


def _notice_end(pid: int, ended: threading.Event) -> None:
    # Somebody else takes the exit code: until then the kernel gives the pid to nobody else.
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    ended.set()


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """End a program and what it started: ask them all, wait a little, kill who is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)  # raises when nobody is left
            time.sleep(_LOOK / 10)
        os.killpg(process.pid, signal.SIGKILL)


def _show(text: str) -> None:
    """Print ``text`` as it is, and not as a log record (agent.txt, "Error handling")."""
    stripped = text.strip()
    if not stripped:
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    shown = stripped.encode(encoding, "backslashreplace").decode(encoding)
    with contextlib.suppress(OSError):  # nobody listens any more: no reason to stop
        print(shown, flush=True)  # noqa: T201 # plain text is the contract
