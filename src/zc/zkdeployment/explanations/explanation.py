"""What is said about a cause, and the words for who and what it is about."""

from __future__ import annotations

from dataclasses import dataclass

from zc.zkdeployment.model import Identity
from zc.zkdeployment.moments import in_units, seconds_between
from zc.zkdeployment.views.lock_states import Holder, Waiter
from zc.zkdeployment.views.overview import HostView

_MOST_NAMES = 5
_LONGEST = 300  # characters of what others wrote in a sentence
_LONGEST_NAME = 100  # characters of a host's name


@dataclass(frozen=True, slots=True)
class Explanation:
    """A sentence that names the cause, more that is known of it, and what to do, in order.

    All are plain texts of one line; what agents and scripts wrote is in them as it was, so
    whoever shows them has to escape it. A command ends its step, after a colon.
    """

    cause: str
    details: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()


def name_of(identity: Identity) -> str:
    """Return how people know a host: by its name, with the identifier where that differs."""
    return known_as(identity.host_identifier, identity.host_name)


def known_as(identifier: str | None, name: str | None) -> str:
    """Return what to call whoever has an identifier and a name, as far as these are known."""
    if not name or name == identifier:
        return _short_name(identifier) if identifier else "somebody unknown"
    return f"{_short_name(name)} ({_short_name(identifier)})" if identifier else _short_name(name)


def _short_name(text: str) -> str:
    return short(text, _LONGEST_NAME)


def all_of(parties: tuple[Holder, ...] | tuple[Waiter, ...]) -> str:
    """Return who holds a lock, or waits for it."""
    return listed([known_as(each.host, each.name) for each in parties])


def listed(names: list[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = len(names) - _MOST_NAMES
    shown = ", ".join(short(name) for name in names[:_MOST_NAMES])
    return shown + (f" and {more} more" if more > 0 else "")


def counted(number: int, noun: str) -> str:
    """Return how many there are, with the verb: ``1 host is``, ``2 hosts are``."""
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"


def since(at: str | None, now: str) -> str:
    """Return since when something is so, for a sentence: nothing where it is not known."""
    passed = seconds_between(at, now)
    return "" if passed is None else f" since {at} ({in_units(passed)})"


def moment(at: str | None, now: str) -> str:
    """Return when something happened, for a sentence: nothing where it is not known."""
    passed = seconds_between(at, now)
    return "" if passed is None else f" at {at} ({in_units(passed)} ago)"


def short(text: str, longest: int = _LONGEST) -> str:
    """Return what somebody wrote in one line, and not all of it where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def last_lines(host: HostView) -> tuple[str, ...]:
    """Return the last lines of the program that failed on a host, or runs there."""
    report = host.report
    if report is None:
        return ()
    output = report.failure.output if report.failure and host.error else report.output
    if not output:
        return ()
    return ("the last lines of its output:", *(f"| {line}" for line in output))


def timing(host: HostView) -> tuple[str, ...]:
    """Return how long the last steps of a host took."""
    results = host.report.results[-3:] if host.report else ()
    took = [
        f"{short(each.step)} {'took' if each.ok else 'failed after'} {each.seconds:.1f} s"
        for each in results
    ]
    return (f"before: {', '.join(took)}",) if took else ()
