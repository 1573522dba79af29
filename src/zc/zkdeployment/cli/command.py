"""What all subcommands share: how errors become exit statuses, and how help is laid out.

====== ============================================================
Status Meaning
====== ============================================================
0      done, or there was nothing to do
1      an error, told in one line on standard error
2      wrong usage, or a required setting of the agent is missing;
       of commands that compare (``plan``, ``tree diff``): something
       differs, and each error is 1
====== ============================================================

``check`` has those of monitoring plugins instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click

from zc.zkdeployment import errors

_USUAL = {
    0: "done, or there was nothing to do",
    1: "an error, told in one line on standard error",
    2: "wrong usage",
}

#: What is true of all commands but ``check``.
STATUSES = {
    **_USUAL,
    2: "wrong usage; of `plan` and `tree diff`: something differs; `check` has its own",
}


class Command(click.Command):
    """A subcommand.

    Its function returns an exit status, ``None`` for 0. For its help: ``examples``
    are command lines, ``statuses`` says what exit statuses mean that mean
    something special.
    """

    usual_statuses: Mapping[int, str] = _USUAL
    wrong_usage = 2

    def __init__(
        self,
        *args: Any,
        examples: Sequence[str],
        statuses: Mapping[int, str] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.statuses = {**self.usual_statuses, **statuses}

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the arguments."""
        with self._exits():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command and exit with its status."""
        with self._exits():
            status = super().invoke(ctx)
        ctx.exit(status or 0)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and what the exit statuses mean."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")
        write_statuses(formatter, self.statuses)

    @contextlib.contextmanager
    def _exits(self) -> Iterator[None]:
        """Tell about an error, then exit with its status."""
        try:
            yield
        except click.UsageError as error:
            error.show()
            raise click.exceptions.Exit(self.wrong_usage) from error
        except (click.exceptions.Exit, BrokenPipeError):
            raise  # no errors; on the second, whoever read the output has seen enough
        except _expected() as error:
            if click.get_current_context().find_root().params["debug"]:
                raise
            missing = isinstance(error, errors.MissingSetting)
            click.echo(str(error) if missing else f"zkdeploy: error: {_explain(error)}", err=True)
            raise click.exceptions.Exit(self.wrong_usage if missing else 1) from error


class ComparingCommand(Command):
    """A subcommand that returns 2 if something differs."""

    usual_statuses: Mapping[int, str] = {
        0: "nothing differs: there is nothing to do",
        1: "an error, wrong usage included",
        2: "something differs: there is something to do",
    }
    wrong_usage = 1


def write_statuses(formatter: click.HelpFormatter, statuses: Mapping[int, str]) -> None:
    """Write the section of a help text that says what the exit statuses mean."""
    with formatter.section("Exit status"):
        formatter.write_dl([(str(status), meaning) for status, meaning in statuses.items()])


def _expected() -> tuple[type[BaseException], ...]:
    """Return what can go wrong without a mistake in this program.

    Called when something went wrong: no command waits for these imports.
    """
    from kazoo.exceptions import KazooException

    from zc.zk import errors as tree

    return (
        click.ClickException,
        errors.BadTree,
        errors.AnotherAgent,
        errors.BadConfiguration,
        errors.CommandFailed,
        errors.BadHost,
        errors.BadRevision,
        errors.BadSource,
        errors.InstallFailed,
        errors.Refused,
        tree.TreeSyntaxError,
        tree.TreeFormatError,
        tree.BadPropertyLink,
        tree.MissingNode,
        tree.LinkLoop,
        tree.TreeChanging,
        tree.FailedConnect,
        KazooException,
        OSError,
    )


def _explain(error: BaseException) -> str:
    from kazoo.exceptions import KazooException, NoNodeError

    from zc.zk import errors as tree

    match error:
        case click.ClickException():
            return error.format_message()
        case tree.FailedConnect():
            return f"no ZooKeeper server answered at {error}; is the address right?"
        case tree.MissingNode(args=(path,)) | NoNodeError(args=(path,)):
            return f"there is no node {path}"
        case tree.LinkLoop():
            return f"symbolic links lead back to themselves: {' -> '.join(error.args)}"
        case KazooException():
            return f"ZooKeeper: {type(error).__name__}" + (f": {error}" if str(error) else "")
        case OSError(filename=str(name), strerror=str(why)):
            return f"{name}: {why}"
        case _:
            return str(error)
