"""What a package manager says, understood: why it failed, and whether it did anything.

dnf's exit code tells little: it exits with 0 where a scriptlet failed or the database of
installed packages cannot be read. What it prints, in the locale ``C``, tells more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST_REASON = 500  # characters

_transaction = re.compile(
    r"^(?:running transaction\s*$|(?:preparing to unpack|unpacking|setting up|removing) \S)",
    re.I | re.M,
).search
_transaction_refused = re.compile(r"^error: could not run transaction", re.I | re.M).search
_already_installed = re.compile(r"^package .*\balready installed\b", re.I | re.M).search
_nothing_there = re.compile(
    r"no match(?:ing|\b)|unable to find a match|couldn't find", re.I
).search
_busy = re.compile(r"can't (?:create|get) \S+ lock on .*|could not get lock .*", re.I).search
_unmatched = re.compile(r"^(?:no match for argument: )(\S+)", re.I | re.M).findall
_protected = re.compile(r"problem: .*protected packages: .*", re.I).search
_waited = re.compile(r"^waiting for process with pid", re.I | re.M).search
_unreadable = re.compile(r"error: (?:sqlite failure|cannot open Packages).*", re.I).search
_interrupted = re.compile(r"dpkg was interrupted").search
_no_answer = re.compile(r"^(?:dpkg-query: )?error: .*", re.M).search
_scriptlet_failed = re.compile(r"scriptlet failed|Error in \w+ scriptlet").search
_tells_why = re.compile(
    r"""
    \s* (?:RPM:\ )? error\b .*\w{2}
    | \s+ (?:Problem\b | -\ )
    | \[Errno | E:\  | dpkg:\ error\b
    | .* \b (?: is\ not\ signed | incorrect\ checksum | malformed\ lock\ file
              | needed\ on\ the | conflicts\ with | not\ available | not\ correct\ for ) \b
    """,
    re.I | re.X,
).match


def ran_transaction(output: str) -> bool:
    """Tell whether packages may have been changed, in part at least."""
    return bool(_transaction(output)) and not _transaction_refused(output)


def says_already_installed(output: str) -> bool:
    """Tell whether nothing was done for a package that is installed."""
    return bool(_already_installed(output))


def busy(output: str) -> str | None:
    """Return what says that another program holds the database of installed packages."""
    found = _busy(output)
    return found.group()[:_LONGEST_REASON] if found else None


def overtaken(output: str) -> bool:
    """Tell whether what failed was decided before another program changed packages.

    dnf decides what to do, waits for its lock, and then does what it had decided.
    """
    return bool(_waited(output)) and not ran_transaction(output)


def unreadable(output: str) -> str | None:
    """Return what says that the database of installed packages cannot be read."""
    found = _unreadable(output)
    return found.group()[:_LONGEST_REASON] if found else None


def says_protected(output: str) -> str | None:
    """Return what says that packages that are protected would have been removed."""
    found = _protected(output)
    return found.group()[:_LONGEST_REASON] if found else None


def unmatched(output: str) -> list[str]:
    """Return the packages or versions that there are not, as they were asked for."""
    return list(dict.fromkeys(_unmatched(output)))


def says_interrupted(output: str) -> bool:
    """Tell whether dpkg was killed before, and has to be told to go on."""
    return bool(_interrupted(output))


def no_answer(output: str) -> str | None:
    """Return what says that rpm or dpkg-query does not know what is installed."""
    found = _no_answer(output)
    return found.group()[:_LONGEST_REASON] if found else None


def failed_scriptlets(output: str) -> Iterator[str]:
    """Yield the lines that say that a scriptlet of a package failed."""
    return (line.strip() for line in output.splitlines() if _scriptlet_failed(line))


def reason(output: str) -> str:
    """Return why a package manager failed, in one line, bounded.

    It is empty if all that it says is that there is no such package.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    telling: dict[str, None] = {}
    in_details = False
    for line in lines:
        in_details = in_details and line[0].isspace()
        if in_details or _tells_why(line):
            telling[line.strip()] = None
            in_details |= line.rstrip().endswith(":")
    said = telling or [line.strip() for line in lines[-1:]]
    text = "; ".join(line for line in said if not _nothing_there(line)).replace(":; ", ": ")
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"
