"""The list of guards keeps up with the source; ``script/faults --mutate`` removes them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.faults.guards import GUARDS, Guard

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_each_is_there_once_and_can_be_removed(guard: Guard, tmp_path: Path) -> None:
    copy = tmp_path / guard.file
    copy.parent.mkdir(parents=True)
    copy.write_text((ROOT / guard.file).read_text())
    guard.remove(tmp_path)
    ast.parse(copy.read_text())
    for test in guard.tests:
        assert (ROOT / test.partition("::")[0]).exists()
