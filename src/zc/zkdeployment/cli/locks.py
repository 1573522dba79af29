"""``zkdeploy locks``: the group of the commands about locks; by itself it lists them."""

from __future__ import annotations

import click

from zc.zkdeployment.cli.lazy import LazyGroup, Subcommand

_SUMMARIES = {
    "list": "Tell who holds locks of nodes and roles, since when, and who waits, next one first.",
    "break": "Take a lock away from its holder, who will not give it back.",
}
_SUBCOMMANDS = {
    name: Subcommand(f"zc.zkdeployment.cli.locks_{name}:locks_{name}", summary)
    for name, summary in _SUMMARIES.items()
}
_DEFAULT = "list"


class _Locks(LazyGroup):
    """A group that has a subcommand for those who name none."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the name that was left out."""
        named = args and (
            not args[0].startswith("-") or args[0] in self.get_help_option_names(ctx)
        )
        if not named and not ctx.resilient_parsing:
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group("locks", cls=_Locks, subcommands=_SUBCOMMANDS)
def locks() -> None:
    """Tell who holds locks and who waits for them, and break locks.

    Without a command: `zkdeploy locks list`.
    """
