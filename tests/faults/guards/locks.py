"""Guards of node locks."""

from __future__ import annotations

from tests.faults.guards.guard import guard

LOCKS = (
    guard(
        "the owner of a lock is its marker, not a place in line",
        "adapters/lock_standings.py",
        "known and len(others) < turn.at_once",
        "True",
        "tests/integration/adapters/test_locks.py",
    ),
    guard(
        "a lock is taken only as it was seen",
        "adapters/lock_turns.py",
        "encode_markers((*others, self._marker(turn))), look.version)",
        "encode_markers((*others, self._marker(turn))))",
        "tests/integration/adapters/test_lock_faults.py",
    ),
    guard(
        "a lock is taken only at the version that was seen",
        "adapters/lock_turns.py",
        "            self._fleet.unchanged(),\n",
        "",
        "tests/integration/adapters/test_locks.py",
    ),
    guard(
        "a lock is given back only as it was seen",
        "adapters/lock_release.py",
        "self._requests.set(now.lock, now.data, now.version)",
        "self._requests.set(now.lock, now.data)",
        "tests/integration/adapters/test_lock_faults.py",
    ),
    guard(
        "a lock that is given back with the next one is as it was seen",
        "adapters/lock_turns.py",
        "Set(before.lock, before.data, before.version)",
        "Set(before.lock, before.data)",
        "tests/integration/adapters/test_lock_faults.py",
        "tests/integration/adapters/test_lock_turns.py",
    ),
    guard(
        "a lock of a young node is looked at before it is given back",
        "adapters/lock_release.py",
        "return self.version < _YOUNG",
        "return False",
        "tests/integration/adapters/test_lock_faults.py",
    ),
    guard(
        "no lock is given back before a stop that is owed is delivered",
        "adapters/lock_release.py",
        "                self._fleet.deliver_stop()\n",
        "",
        "tests/integration/agent/test_locks.py",
        "tests/integration/adapters/test_lock_faults.py",
        "tests/integration/agent/test_hook_and_outages.py",
    ),
    guard(
        "a lock that was broken is noticed before the next instance",
        "adapters/locks.py",
        "if look is None or not any(map(self._claims.ours, look.markers)):",
        "if False:",
        "tests/integration/adapters/test_locks.py",
        "tests/integration/adapters/test_lock_faults.py",
        "tests/integration/agent/test_locks.py",
    ),
    guard(
        "a marker of another machine with the same identifier is not taken over",
        "adapters/lock_claims.py",
        "if not marker.of_machine(self.host, self.name, self._boot):",
        "if marker.host != self.host:",
        "tests/integration/adapters/test_lock_namesakes.py",
    ),
    guard(
        "a marker is not taken over while the agent that set it is at work",
        "adapters/lock_claims.py",
        "return stat is None or session_text(stat.ephemeralOwner) != marker.session",
        "return True",
        "tests/integration/adapters/test_lock_namesakes.py",
    ),
    guard(
        "nonsense on a lock node counts as a holder",
        "adapters/lock_marker.py",
        "    return (Marker(),)\n",
        "    return ()\n",
        "tests/integration/adapters/test_lock_marker.py",
    ),
)
