"""``zkdeploy validate``, and ``zkdeploy tree validate``, which is the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.file_arguments import find, load, read_text
from zc.zkdeployment.cli.options import json_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.problem_formats import as_document, as_sarif
from zc.zkdeployment.model import Identity
from zc.zkdeployment.tree.problems import Place, Problem, as_lines
from zc.zkdeployment.tree.tree_files import combine_all
from zc.zkdeployment.tree.validate import RULES_OF_ABSENCE, Host
from zc.zkdeployment.tree.validate import validate as validate_tree


def _read_hosts(ctx: click.Context, param: click.Parameter, file: str | None) -> list[Host]:
    """Return the hosts that a file lists, a line each (a callback)."""
    hosts: dict[str, Host] = {}
    try:
        text = read_text(file) if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{file!r} cannot be read: {error}", ctx, param) from error
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if not 2 <= len(words) <= 3 or words[0] in hosts or "/" in "".join(words):
            expected = "IDENTIFIER NAME [ROLE], each identifier once, no slashes"
            raise click.BadParameter(f"{file}:{number}: {line!r}: expected {expected}", ctx, param)
        hosts[words[0]] = Host(Identity(*words), Place(str(file), number, 1))
    return list(hosts.values())


@click.command(
    "validate",
    cls=Command,
    statuses={0: "no errors, perhaps warnings", 1: "errors in the files, or another error"},
    examples=(
        "zkdeploy validate .",
        "zkdeploy validate --hosts hosts.txt site/",
        "zkdeploy validate --format sarif site/ > zkdeploy.sarif",
        "zkdeploy tree export / | zkdeploy validate -",
    ),
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option(
    "--hosts",
    metavar="FILE",
    type=click.Path(),
    callback=_read_hosts,
    help="A list of all hosts, a line each: IDENTIFIER NAME [ROLE].",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "sarif")),
    default="text",
    show_default=True,
    help="How to print what was found; sarif is what CI systems show in code reviews.",
)
@json_option
def validate(paths: tuple[str, ...], hosts: Sequence[Host], form: str, as_json: bool) -> int:
    """Check tree files, without ZooKeeper.

    PATH is a file, - for standard input, or a directory: all *.zk in it, which
    define the tree, then all *.zkx, which add to it or override it. Give
    everything that is published together.

    Found are mistakes in the text, top nodes in two files, links that lead
    nowhere, role controllers without a role lock, and whatever a host would
    refuse: types, versions, numbers of instances, and two versions of one
    software on one host. With --hosts also what only the names of the hosts
    show: a node deployed to one host twice, or to a host that has a role, and
    targets that are no host's.

    After a mistake in the text, links and properties that seem to be missing are
    not reported: they may be in what was not understood.

    With --json: an object with `files`, their number, and `problems`, a list of
    objects with `severity`, `rule`, `message` and `places`, a list of objects with
    `file`, `line`, `column` and `node` (a value or null), the first being where to
    mend it.
    """
    names, problems = find(paths)
    files, more = load(names)
    problems += more
    hidden = RULES_OF_ABSENCE if problems else ()
    found = validate_tree(combine_all(files), hosts)
    problems += [problem for problem in found if problem.rule not in hidden]
    problems.sort(key=lambda problem: problem.order)
    if as_json or form == "json":
        print_json(as_document(len(names), problems))
    elif form == "sarif":
        print_json(as_sarif(problems))
    else:
        for line in as_lines(problems):
            click.echo(line)
        click.echo(_summary(len(names), problems))
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _summary(files: int, problems: Sequence[Problem]) -> str:
    count = Counter(problem.severity for problem in problems)
    found = [_plural(count[severity], severity) for severity in ("error", "warning")]
    return f"{_plural(files, 'file')}: " + (
        ", ".join(each for each in found if not each.startswith("0 ")) or "good"
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
