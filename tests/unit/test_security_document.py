"""What docs/security.md shows works, and its table says what the programs do."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from zc.zkdeployment.settings.access import May, Policy, Principal
from zc.zkdeployment.settings.zookeeper_settings import ZooKeeperSettings, zookeeper_settings_from

_TEXT = Path(__file__).parents[2].joinpath("docs/security.md").read_text()
_EXAMPLES = re.findall(r"^```ini\n(.*?)^```$", _TEXT, re.MULTILINE | re.DOTALL)
_ROWS = re.findall(r"^\| `(/[^|]*)\| ([rwcda]+) \| ([rwcda]+) \|", _TEXT, re.MULTILINE)
_LETTERS = dict(zip("rwcda", (1, 2, 4, 8, 16), strict=True))


def read(text: str, root: Path) -> ZooKeeperSettings:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return zookeeper_settings_from(parser, "agent.conf", str(root))


@pytest.mark.parametrize("text", _EXAMPLES)
def test_examples_of_settings_can_be_copied(text: str, tmp_path: Path) -> None:
    for name, content in (("agent.key", ""), ("password", "agent:secret")):
        path = tmp_path / "etc/zkdeploy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(content)
    assert read(text, tmp_path).tls


def test_all_examples_were_found() -> None:
    assert (len(_EXAMPLES), len(_ROWS)) == (2, 13)


@pytest.mark.parametrize(("nodes", "publisher", "agent"), _ROWS)
def test_the_table_is_what_is_done(nodes: str, publisher: str, agent: str) -> None:
    """Operators judge by it whom they trust with what."""
    everybody = {name: Principal("x509", f"CN={name}") for name in ("admin", "publisher", "agent")}
    policy = Policy(*((each,) for each in everybody.values()))  # type: ignore[arg-type] # no exempt
    for path in re.findall(r"(/[^`]*)`", nodes):
        below = [path.replace("…", "x")]
        if "all" in nodes:
            below.append(f"{path}/x/y")
        for each in below:
            grants = policy.grants(each)
            assert grants
            for name, letters in (("admin", "rwcda"), ("publisher", publisher), ("agent", agent)):
                may = May(sum(_LETTERS[letter] for letter in letters))
                assert grants[everybody[name]] == may, each
