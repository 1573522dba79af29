"""``zkdeploy tree get``: properties for people, programs and scripts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from zc.zk import ZK

Zkdeploy = Callable[..., subprocess.CompletedProcess[str]]

TREE = """
/defaults
  size = 4
/web : app
  greeting = "it's $HOME `id`\\n"
  size => /defaults size
  fast = True
  nothing = None
  hosts = ['a', 'b']
"""


@pytest.fixture
def tree(zk: ZK) -> ZK:
    zk.import_tree(TREE)
    return zk


def good(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.stderr, result.returncode) == ("", 0)
    return result.stdout


def test_a_person_sees_all_properties_links_followed(zkdeploy: Zkdeploy, tree: ZK) -> None:
    assert good(zkdeploy("tree", "get", "/web")).splitlines() == [
        "fast = True",
        """greeting = "it's $HOME `id`\\n\"""",
        "hosts = ['a', 'b']",
        "nothing = None",
        "size = 4",
        "type = 'app'",
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("size", "4"), ("type", "app"), ("fast", "true"), ("hosts", '["a", "b"]')]
)
def test_one_value_is_printed_alone(zkdeploy: Zkdeploy, tree: ZK, name: str, value: str) -> None:
    assert good(zkdeploy("tree", "get", "/web", name)) == f"{value}\n"


def test_programs_get_json(zkdeploy: Zkdeploy, tree: ZK) -> None:
    assert json.loads(good(zkdeploy("tree", "get", "--json", "/defaults"))) == {"size": 4}
    assert json.loads(good(zkdeploy("tree", "get", "--json", "/web", "hosts"))) == ["a", "b"]


def test_what_sh_evaluates_is_what_the_tree_says(zkdeploy: Zkdeploy, tree: ZK) -> None:
    """Whoever writes to the tree must not get a command run by it."""
    assignments = good(zkdeploy("tree", "get", "--shell", "zk_", "/web"))
    shown = 'printf "%s|" "$zk_greeting" "$zk_size" "$zk_fast" "$zk_nothing" "$zk_hosts"'
    done = subprocess.run(
        ["sh", "-euc", f"{assignments}\n{shown}"], capture_output=True, text=True, check=True
    )
    greeting = tree.get_properties("/web")["greeting"]
    assert done.stdout == f'{greeting}|4|true||["a", "b"]|'


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("/web", "colour"), "zkdeploy: error: /web has no property 'colour'\n"),
        (("/none",), "zkdeploy: error: there is no node /none\n"),
        (
            ("--shell", "zk_", "/twice"),
            "zkdeploy: error: /twice has properties 'a-b' and 'a.b',"
            " which would both be zk_a_b: ask for one of them\n",
        ),
    ],
)
def test_what_cannot_be_had_is_one_error(
    zkdeploy: Zkdeploy, tree: ZK, arguments: tuple[str, ...], error: str
) -> None:
    tree.create("/twice", b'{"a.b":1,"a-b":2}')
    done = zkdeploy("tree", "get", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", error)


def test_what_is_no_beginning_of_a_variable_is_refused(zkdeploy: Zkdeploy, tree: ZK) -> None:
    done = zkdeploy("tree", "get", "--shell", "a;id;", "/web")
    assert done.returncode == 2
    assert "'a;id;' cannot begin a shell variable." in done.stderr
