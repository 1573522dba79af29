"""What people see of locks, and what becomes of a lock that one of them breaks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kazoo.exceptions import ConnectionLoss

from zc.zk import ZK
from zc.zk.bulk import Bulk
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.lock_control import Broken, break_lock, read_broken, read_locks

AT = "2026-01-02T03:04:05Z"

MARKER: dict[str, Any] = {"host": "h1", "name": "h1.example.com", "boot": "b", "session": "0x1"}
MARKER |= {"since": 1767323045, "version": 7, "step": "deploying 2 instances"}

TREE = f"""
/hosts
  version = 7
/agent-locks
  /free
  /cust,cms
    owners = {[MARKER]}
/role-locks
  /cache
    /lr-0000000003
      hostname = 'h2.example.com'
      requestor = 'h2'
    /lr-0000000004
      hostname = 'h3.example.com'
      requestor = 'h3'
  /unused
"""

NODE, ROLE = "/cust/cms", "/role-locks/cache"


@pytest.fixture
def fleet(zk: ZK) -> ZK:
    zk.import_tree(TREE)
    return zk


def register(zk: ZK, host: str, name: str | None = None) -> None:
    data = f'{{"name": "{name or host + ".example.com"}", "version": 6}}'
    zk.create(f"/hosts/{host}", data, ephemeral=True)


class Interrupted(Bulk):
    """Does something around each of the first writes."""

    def __init__(self, zk: ZK) -> None:
        super().__init__(zk.client, zk.timeout)
        self.before: Iterator[Callable[[], object]] = iter(())
        self.after: Iterator[Callable[[], object]] = iter(())

    def write(self, *arguments: Any) -> list[Any]:
        next(self.before, _nothing)()
        done = super().write(*arguments)
        next(self.after, _nothing)()
        return done


def _nothing() -> None:
    pass


def _lose() -> None:
    raise ConnectionLoss


@pytest.fixture
def interrupted(fleet: ZK, zk_connection: str) -> Iterator[ZK]:
    with contextlib.closing(ZK(zk_connection)) as opened:
        opened.bulk = Interrupted(opened)
        yield opened


def break_it(zk: ZK, path: str, **options: Any) -> Broken:
    return break_lock(zk, path, "burnt down", "ann@desk", AT, **options)


def test_a_holder_is_told_with_all_that_is_known(fleet: ZK) -> None:
    register(fleet, "h2")
    role, node = sorted(read_locks(fleet), key=lambda lock: lock.kind, reverse=True)
    [holder] = node.holders
    assert (node.kind, node.path, node.waiters, node.dead) == ("node", NODE, (), True)
    assert (holder.host, holder.name, holder.since) == ("h1", "h1.example.com", AT)
    assert (holder.version, holder.step) == (7, "deploying 2 instances")
    assert (holder.boot, holder.session, holder.same_session) == ("b", "0x1", False)
    assert (role.kind, role.path, role.dead) == ("role", ROLE, False)
    [first] = role.holders
    assert (first.host, first.name, first.alive) == ("h2", "h2.example.com", True)
    assert [(each.host, each.name) for each in role.waiters] == [("h3", "h3.example.com")]


def test_whether_the_holder_can_give_it_back_is_told(fleet: ZK) -> None:
    """An agent that runs does; one of another machine with that identifier does not."""

    def look() -> tuple[bool, bool | None]:
        [node] = [lock for lock in read_locks(fleet) if lock.path == NODE]
        return node.holders[0].alive, node.holders[0].same_session

    assert look() == (False, False)
    register(fleet, "h1", "other.example.com")
    assert look() == (False, False)
    fleet.delete("/hosts/h1")
    register(fleet, "h1")
    assert look() == (True, False)
    marker = {"host": "h1", "session": f"{fleet.client.client_id[0]:#x}"}
    fleet.properties("/agent-locks/cust,cms", watch=False).set({"owners": [marker]})
    assert look() == (True, True)


def test_problems_come_first_and_free_locks_are_left_out(fleet: ZK) -> None:
    register(fleet, "h2")
    fleet.import_tree("/agent-locks\n  /a%2Cb\n", trim=False)
    fleet.client.create("/agent-locks/a%2Cb/h9-", b"{}", ephemeral=True, sequence=True)
    fleet.client.create("/agent-locks/a%2Cb/h8-", b'{"name":"n8"}', ephemeral=True, sequence=True)
    fleet.create("/agent-locks/nonsense", b"[")
    states = read_locks(fleet)
    assert [state.path for state in states] == [NODE, "/nonsense", ROLE, "/a,b"]
    assert states[1].holders[0].host is None
    assert [(each.host, each.name) for each in states[-1].waiters] == [("h9", None), ("h8", "n8")]


def test_the_number_of_requests_does_not_grow_with_the_fleet(
    fleet: ZK, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who looks at a large fleet in trouble gets an answer at once."""
    requests: list[Any] = []
    once = fleet.bulk.calls.once

    def counted(start: Any) -> Any:
        requests.append(start)
        return once(start)

    monkeypatch.setattr(fleet.bulk.calls, "once", counted)
    read_locks(fleet)
    few = len(requests)
    more = "".join(f"  /n{each}\n    owners = {[MARKER]}\n" for each in range(40))
    fleet.import_tree(f"/agent-locks\n{more}", trim=False)
    requests.clear()
    read_locks(fleet)
    assert len(requests) == few


def test_without_any_lock_nobody_holds_one(zk: ZK) -> None:
    assert (read_locks(zk), read_broken(zk)) == ((), ())
    with pytest.raises(Refused, match="nobody holds the lock of /a"):
        break_it(zk, "/a")


@pytest.mark.parametrize("path", [NODE, "/agent-locks/cust,cms"])
def test_a_broken_lock_is_free_and_remembered(path: str, fleet: ZK) -> None:
    broken = break_it(fleet, path)
    assert broken == Broken(NODE, "h1", "ann@desk", AT, "burnt down")
    assert fleet.get_properties("/agent-locks/cust,cms") == {}
    assert read_broken(fleet) == (broken,)
    with pytest.raises(Refused, match="nobody holds the lock"):
        break_it(fleet, path)


def test_a_lock_of_a_role_passes_to_the_next_in_line(fleet: ZK) -> None:
    assert break_it(fleet, ROLE).holder == "h2"
    assert fleet.get_children(ROLE) == ["lr-0000000004"]
    assert break_it(fleet, ROLE).holder == "h3"
    with pytest.raises(Refused, match="nobody holds"):
        break_it(fleet, ROLE)
    assert [each.holder for each in read_broken(fleet)] == ["h2", "h3"]


def test_a_lock_of_a_role_can_be_broken_before_there_was_a_lock_of_a_node(zk: ZK) -> None:
    zk.import_tree("/role-locks\n  /cache\n    /lr-0000000000\n")
    assert break_it(zk, ROLE).holder is None
    assert len(read_broken(zk)) == 1


@pytest.mark.parametrize(("path", "host"), [(NODE, "h1"), (ROLE, "h2")])
def test_what_a_running_agent_holds_is_broken_by_force_only(
    path: str, host: str, fleet: ZK
) -> None:
    """Its script would go on beside that of the next host."""
    register(fleet, host)
    before = fleet.export_tree()
    with pytest.raises(Refused, match=f"{host} holds the lock of {path}, and its agent runs"):
        break_it(fleet, path)
    assert fleet.export_tree() == before
    assert break_it(fleet, path, force=True).holder == host


def test_what_makes_no_sense_can_be_broken(fleet: ZK) -> None:
    """No agent takes such a lock, so there has to be a way out."""
    fleet.create("/agent-locks/x", b"\xff")
    assert break_it(fleet, "/x").holder is None
    assert fleet.get_properties("/agent-locks/x") == {}


def test_a_holder_that_came_meanwhile_loses_nothing(fleet: ZK, interrupted: ZK) -> None:
    """The person saw a dead host; another one has got the lock since."""
    other = {"owners": [{"host": "h5"}]}
    node = fleet.properties("/agent-locks/cust,cms", watch=False)
    first = f"{ROLE}/lr-0000000003"
    for path, change in (NODE, lambda: node.set(other)), (ROLE, lambda: fleet.delete(first)):
        interrupted.bulk.before = iter([change])  # type: ignore[attr-defined]
        with pytest.raises(Refused, match="changed meanwhile"):
            break_it(interrupted, path)
    assert fleet.get_properties("/agent-locks/cust,cms") == other
    assert fleet.get_children(ROLE) == ["lr-0000000004"]
    assert read_broken(fleet) == ()


def test_two_who_break_two_locks_at_the_same_time_are_both_remembered(
    fleet: ZK, interrupted: ZK
) -> None:
    interrupted.bulk.before = iter([lambda: break_it(fleet, ROLE)])  # type: ignore[attr-defined]
    break_it(interrupted, NODE)
    assert [each.lock for each in read_broken(fleet)] == [ROLE, NODE]


def test_a_lock_is_broken_once_although_the_answer_is_lost(fleet: ZK, interrupted: ZK) -> None:
    """The next holder, who has it already, must not lose it to the second attempt."""
    interrupted.bulk.after = iter([_lose])  # type: ignore[attr-defined]
    break_it(interrupted, ROLE)
    assert fleet.get_children(ROLE) == ["lr-0000000004"]
    assert len(read_broken(fleet)) == 1
    interrupted.bulk.before = iter([_lose])  # type: ignore[attr-defined]
    break_it(interrupted, NODE)
    assert len(read_broken(fleet)) == 2


def test_only_the_last_broken_locks_are_remembered(fleet: ZK) -> None:
    fleet.properties("/agent-locks", watch=False).set({"broken": [3, {"lock": "/x"}]})
    assert read_broken(fleet) == ()
    for number in range(21):
        fleet.create(f"/agent-locks/n{number}", b"[")
        break_it(fleet, f"/n{number}")
    assert [each.lock for each in read_broken(fleet)] == [f"/n{n}" for n in range(1, 21)]


def test_a_server_that_is_always_busy_is_given_up(fleet: ZK, interrupted: ZK) -> None:
    interrupted.bulk.before = iter([_lose] * 10)  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="10 times in vain"):
        break_it(interrupted, NODE)
    assert read_broken(fleet) == ()
