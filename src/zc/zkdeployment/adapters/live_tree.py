"""The tree that people and programs see in ZooKeeper, brought up to date by publishing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import zc.zk
from zc.zk import trees
from zc.zk.operations import Check
from zc.zk.tree import Node
from zc.zkdeployment.tree.tree_parts import NOT_THE_TREE, Tree, is_live


@dataclass(frozen=True, slots=True)
class LiveTree:
    """Reads the live tree, and writes it while ``guard`` holds.

    Raises :exc:`~zc.zk.errors.GuardFailed`, and what :class:`zc.zk.ZK` raises.
    """

    zk: zc.zk.ZK
    guard: Check | None = None

    def read(self) -> Tree:
        """Return what hosts read of the live tree, as it all was at one moment."""
        return self.zk.read_tree(skip=NOT_THE_TREE)

    def update(self, defined: Node, extra: Node, gone: Collection[str]) -> None:
        """Make the live tree what it should be; only what differs is written.

        Below the top nodes of ``defined`` nothing else stays; what ``extra`` has is
        added; top nodes at the paths in ``gone`` are deleted. Ephemeral nodes, and
        what is above these, always stay.
        """
        self._bring(defined, extra, gone, dry_run=False, tell=_nobody)

    def differences(self, defined: Node, extra: Node, gone: Collection[str]) -> tuple[str, ...]:
        """Return in words what :meth:`update` would change."""
        lines: list[str] = []
        self._bring(defined, extra, gone, dry_run=True, tell=lines.append)
        return tuple(lines)

    def _bring(
        self,
        defined: Node,
        extra: Node,
        gone: Iterable[str],
        *,
        dry_run: bool,
        tell: Callable[[str], None],
    ) -> None:
        bulk, guard = self.zk.bulk, self.guard
        for tree, trim in ((defined, True), (extra, False)):
            if tree.children:
                trees.import_tree(
                    bulk, tree, "/", trim=trim, dry_run=dry_run, tell=tell, guard=guard
                )
        old = [path for path in sorted(gone) if not is_live(path)]
        trees.delete_trees(
            bulk,
            old,
            dry_run=dry_run,
            force=False,
            ignore_if_ephemeral=True,
            tell=tell,
            guard=guard,
        )


def _nobody(_: str) -> None:
    """Tell nobody."""
