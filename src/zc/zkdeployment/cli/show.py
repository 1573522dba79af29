"""``zkdeploy show``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from zc.zkdeployment.cli import diff_format
from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option, open_tree, zookeeper_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.cli.versions import read_published
from zc.zkdeployment.history import Shown
from zc.zkdeployment.history import show as read_revision
from zc.zkdeployment.revisions.fleet_diff import manifest_data


@click.command(
    "show",
    cls=Command,
    examples=("zkdeploy show", "zkdeploy show 41", "zkdeploy show 4f2a91c --output site-41/"),
)
@click.argument("version", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the tree files to DIR, which must not exist or be empty.",
)
@json_option
@zookeeper_option
def show(version: str | None, output: Path | None, as_json: bool, zookeeper: str) -> None:
    """Tell all about a published revision: where it is from and what it changed.

    VERSION is one that `history` shows, the beginning of a commit too; without it, the
    one published last.

    With --json: an object with `version`, `serial`, `at`, `by`, `origin`, `expires` (or
    null), `key`, the id of the key that signed it (or null), `bad` (why, or null),
    `files`, an object of texts by name, `targets`, what each has to do, and `diff`, what
    it changed, as `zkdeploy diff --json` prints it, or null where that is not known.
    """
    with open_tree(zookeeper) as zk:
        shown = read_revision(zk, read_published(version))
    if output:
        _write(shown, output)
    if as_json:
        print_json(_as_data(shown))
        return
    for label, text in _facts(shown):
        click.echo(f"{label + ':':<12}{text}")
    if shown.diff:
        click.echo()
        diff_format.print_diff(shown.diff)


def _facts(shown: Shown) -> Iterator[tuple[str, str]]:
    record, origin = shown.record, shown.record.origin
    yield "version", repr(record.version)
    yield "published", f"{record.at} by {record.by}"
    for publication in shown.publications[:-1]:
        yield "earlier", f"{publication.at} by {publication.by}"
    yield "source", origin.source
    if origin.commit:
        yield "commit", origin.commit
    if origin.author:
        yield "author", origin.author
    if origin.subject:
        yield "subject", origin.subject
    until = f", until {record.expires}" if record.expires else ""
    yield "signed", f"with key {shown.key}{until}" if shown.key else "no"
    if shown.bad:
        yield "bad", shown.bad
    yield "files", ", ".join(file.name for file in shown.files)
    count = sum(len(manifest.deployments) for manifest in shown.manifests.values())
    yield "deploys", f"{count} to {len(shown.manifests)} targets"


def _as_data(shown: Shown) -> dict[str, object]:
    record = asdict(shown.record)
    return {
        **{name: record[name] for name in ("version", "serial", "at", "by", "origin", "expires")},
        "key": shown.key,
        "bad": shown.bad,
        "files": {file.name: file.data.decode(errors="replace") for file in shown.files},
        "targets": {name: manifest_data(wanted) for name, wanted in shown.manifests.items()},
        "diff": shown.diff and diff_format.as_data(shown.diff),
    }


def _write(shown: Shown, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise click.ClickException(f"{directory} is not empty; name another directory")
    for file in shown.files:
        if "/" in file.name or file.name.startswith("."):
            raise click.ClickException(f"a tree file called {file.name!r} is not written")
        (directory / file.name).write_bytes(file.data)
