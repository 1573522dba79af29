"""How long a program may run that an agent starts, in seconds."""

from __future__ import annotations

from typing import TypeGuard

from zc.zkdeployment.errors import BadTree

#: Where neither the tree nor the configuration says anything.
DEFAULT_TIMEOUT = 3600.0

#: Seven days; more is taken for a mistake.
LONGEST_TIMEOUT = 7 * 24 * 3600.0

#: What is expected, in words.
EXPECTED_TIMEOUT = f"a number of seconds above 0, at most {LONGEST_TIMEOUT:.0f}"


def is_timeout(value: object) -> TypeGuard[int | float]:
    """Tell whether a program may be given so many seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value <= LONGEST_TIMEOUT


def check_timeout(value: object, node: str) -> float:
    """Return the property ``timeout`` of ``node``.

    Equal numbers become equal text, whether the tree writes ``30`` or ``30.0``. Raises
    :exc:`~zc.zkdeployment.errors.BadTree`.
    """
    if not is_timeout(value):
        raise BadTree(f"{node}: timeout must be {EXPECTED_TIMEOUT}, not {value!r:.200}")
    return float(value)
