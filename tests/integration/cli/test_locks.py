"""``zkdeploy locks``: who holds a lock, and the way out where it does not come free."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable

import pytest

from zc.zk import ZK

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

TREE = """
/hosts
  version = 7
/agent-locks
  /cust,cms
    owners = [{'host': 'h1', 'name': 'h1.example.com', 'since': 1, 'version': 7, 'step': 'a step'}]
  /shop
    owners = [{'host': 'h2', 'name': 'h2'}]
"""


@pytest.fixture
def fleet(zk: ZK, environ: dict[str, str]) -> ZK:
    """A fleet in which h1 is gone and h2 works, and alice who became root."""
    environ["SUDO_USER"] = "alice"
    zk.import_tree(TREE)
    zk.create("/hosts/h2", b'{"name": "h2"}', ephemeral=True)
    return zk


def good(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.stderr, result.returncode) == ("", 0)
    return result.stdout


def test_a_person_sees_what_is_wrong_first_and_what_to_do(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    for host in "h3", "h2":
        name = json.dumps({"name": f"{host}.example.com"})
        path = f"/agent-locks/cust,cms/{host}-"
        fleet.client.create(path, name.encode(), ephemeral=True, sequence=True)
    output = good(zkdeploy("locks"))
    assert re.sub(r"\d{5} d", "99999 d", output) == (
        "2 held, 1 by hosts without an agent\n"
        "     Lock       Held by              For      Version  Doing   Waiting\n"
        "  !  /cust/cms  h1 (h1.example.com)  99999 d  7        a step"
        "  h3 (h3.example.com), h2 (h2.example.com)\n"
        "     /shop      h2                   ?\n"
        "/cust/cms: start the agent of h1 (h1.example.com), which will finish."
        " Or make sure that nothing of it runs any more,\n"
        "  then: zkdeploy locks break /cust/cms --reason TEXT\n"
    )


def test_a_program_gets_json(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    for args in ("locks", "--json"), ("locks", "list", "--json"):
        document = json.loads(good(zkdeploy(*args)))
        first, second = document["locks"]
        assert first["holders"][0].items() >= {"host": "h1", "alive": False}.items()
        assert second["holders"][0].items() >= {"host": "h2", "alive": True}.items()
        assert document["broken"] == []


def test_breaking_a_lock_frees_it_and_leaves_a_note(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    output = good(zkdeploy("locks", "break", "/cust/cms", "--reason", "h1\nburnt \x1bdown"))
    assert output == "/cust/cms: h1 has lost the lock\n"
    [note] = fleet.get_properties("/agent-locks")["broken"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", note.pop("at"))
    assert note == {
        "lock": "/cust/cms",
        "holder": "h1",
        "by": f"alice@{os.uname().nodename}",
        "reason": "h1 burnt down",
    }
    assert ": h1 burnt down\n" in good(zkdeploy("locks"))


def test_a_running_agent_loses_its_lock_by_force_only(zkdeploy: Zkdeploy, fleet: ZK) -> None:
    args = ("locks", "break", "/shop", "--reason", "it hangs")
    result = zkdeploy(*args)
    assert (result.returncode, result.stdout) == (1, "")
    assert "h2 holds the lock of /shop, and its agent runs" in result.stderr
    good(zkdeploy(*args, "--force"))
    assert fleet.get_properties("/agent-locks/shop") == {}


def test_where_no_lock_is_held_that_is_said(zkdeploy: Zkdeploy, zk: ZK) -> None:
    assert good(zkdeploy("locks")) == "nobody holds a lock or waits for one\n"
    result = zkdeploy("locks", "break", "/x", "--reason", "why")
    assert result.stderr == (
        "zkdeploy: error: nobody holds the lock of /x;"
        " 'zkdeploy locks' lists those that are held\n"
    )


def test_what_nobody_can_read_is_shown_with_a_way_out(zkdeploy: Zkdeploy, zk: ZK) -> None:
    zk.import_tree("/agent-locks\n")
    zk.create("/agent-locks/x", b"[")
    output = good(zkdeploy("locks"))
    assert "  !  /x    somebody unknown  ?" in output
    assert "/x: nobody can tell who works there. Make sure that no host does,\n" in output


@pytest.mark.parametrize("reason", [(), ("--reason", " \n")])
def test_a_lock_is_not_broken_without_a_reason(
    zkdeploy: Zkdeploy, fleet: ZK, reason: tuple[str, ...]
) -> None:
    result = zkdeploy("locks", "break", "/cust/cms", *reason)
    assert (result.returncode, "--reason" in result.stderr) == (2, True)
    assert fleet.get_properties("/agent-locks/cust,cms") != {}


def test_help_names_the_commands_and_a_wrong_one_is_refused(zkdeploy: Zkdeploy) -> None:
    assert re.search(r"^  break  ", good(zkdeploy("locks", "-h")), re.MULTILINE)
    assert zkdeploy("locks", "unlock").returncode == 2
