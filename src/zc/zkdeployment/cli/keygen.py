"""``zkdeploy keygen``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from zc.zkdeployment.cli.command import Command
from zc.zkdeployment.cli.options import json_option
from zc.zkdeployment.cli.output import print_json
from zc.zkdeployment.keys import generate


@click.command(
    "keygen",
    cls=Command,
    statuses={0: "the two files are written"},
    examples=("zkdeploy keygen publisher.key", "zkdeploy sync --sign publisher.key"),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def keygen(file: Path, as_json: bool) -> None:
    """Make a key to sign with what is published.

    Writes two files, and overwrites none.

    FILE is the private key. It stays with the publisher, who signs with
    `zkdeploy sync --sign FILE`; only its owner may read it, it has no
    password, and it belongs on no host that is deployed to.

    FILE.pub is the public key. Copy it to every host and name it in the setting
    `public-keys` of the agent's configuration file: from then on the agent
    refuses what is not signed with a key named there. To change keys, name the
    old and the new one until nothing is signed with the old one any more.

    With --json: an object with `key_id`, `private_key` and `public_key`, the
    last two being paths. It needs the package python3-cryptography of the system,
    or what `pip install 'zc.zkdeployment[sign]'` installs.
    """
    pair = generate(file)
    if as_json:
        print_json(asdict(pair))
        return
    click.echo(f"Key {pair.key_id}")
    click.echo(f"  {pair.private_key}  private: stays with the publisher, for 'sync --sign'")
    click.echo(f"  {pair.public_key}  public: goes to every host, for 'public-keys'")
