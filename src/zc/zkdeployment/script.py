"""What a ``zookeeper-deploy`` script needs, where it is written in Python: docs/scripts.md.

::

    from zc.zkdeployment.script import Instance, main

    def deploy(instance: Instance) -> None:
        port = instance.properties().get("port", 8080)
        instance.write(instance.configuration / f"{instance.name}.conf", f"port {port}\\n")
        if instance.changed:
            subprocess.run(["systemctl", "restart", f"web@{instance.name}"], check=True)

    def undeploy(instance: Instance) -> None:
        subprocess.run(["systemctl", "stop", f"web@{instance.name}"], check=True)

    if __name__ == "__main__":
        main(deploy, undeploy)
"""

from __future__ import annotations

import contextlib
import getopt
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from zc.zkdeployment import script_files
from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.names import app_of, file_name

_USAGE = "usage: zookeeper-deploy [-u] [-r SUBTYPE] PATH N"


class Failed(Exception):
    """The deployment failed; the text says why, in one line, to whoever reads the log."""


class Instance:
    """What the script was called for.

    ``app``, ``path``, ``n`` and ``subtype`` are those of the deployment, ``name`` is what
    its files are called, PATH.N with ``,`` for ``/``. ``home`` is the directory of the
    software, ``/opt/NAME``, and ``configuration`` that of its configuration, ``/etc/APP``,
    both below ``root``, which is ``/`` except in tests. ``version`` is the one that is
    being deployed, as text.
    """

    def __init__(
        self, script: Path, path: str, n: int, subtype: str | None, environ: Mapping[str, str]
    ) -> None:
        self.path = path
        self.n = n
        self.subtype = subtype
        self.name = file_name(path, n)
        self.home = script.absolute().parent.parent
        self.app = app_of(self.home.name)
        self.root = Path(environ.get("TEST_ROOT") or "/").absolute()
        self.configuration = self.root / "etc" / self.app
        self.version = environ.get("ZKDEPLOY_VERSION")
        self._servers = environ.get("ZC_ZK_CONNECTION_STRING")
        self._files = script_files.WrittenFiles(self.configuration, self.name, self.root)

    def properties(
        self, path: str | None = None, *, configuration: str | Path | None = None
    ) -> Mapping[str, Any]:
        """Return the properties of a node, of the one that is deployed by default.

        Those behind property links are among them. ``configuration`` is a file with a
        section ``[zookeeper]``, where ZooKeeper takes a password or a certificate.
        Raises :exc:`Failed`.
        """
        # Only here: a script that asks nothing does not wait for these imports.
        from dataclasses import replace

        from kazoo.exceptions import KazooException, NoNodeError

        from zc.zk import errors
        from zc.zkdeployment.connection import connect
        from zc.zkdeployment.settings.zookeeper_settings import (
            ZooKeeperSettings,
            read_zookeeper_settings,
        )

        try:
            settings = (
                read_zookeeper_settings(str(configuration), str(self.root))
                if configuration
                else ZooKeeperSettings()
            )
            servers = settings.servers or self._servers
            with contextlib.closing(connect(replace(settings, servers=servers))) as zk:
                return dict(zk.properties(path or self.path, watch=False))
        except errors.FailedConnect as error:
            raise Failed(f"no ZooKeeper server answered at {error}") from error
        except NoNodeError as error:
            raise Failed(f"there is no node {path or self.path} in ZooKeeper") from error
        except (KazooException, BadConfiguration, errors.BadPropertyLink, errors.LinkLoop) as why:
            raise Failed(f"cannot read {path or self.path}: {why!r}") from why

    def write(self, path: str | Path, text: str, mode: int = 0o644) -> bool:
        """Have a file with this text and these permissions; tell whether that changed it.

        It is replaced in one instant, and not touched if nothing differs. Directories above
        it are made. It goes away with the instance, and when a later deployment writes it
        no more. Relative paths are below ``configuration``.
        """
        return self._files.write(self.configuration / path, text, mode)

    @property
    def changed(self) -> bool:
        """Whether any file changed since the script last succeeded: a restart is due.

        A script that was killed, or failed, between a change and the restart finds that
        the next time.
        """
        return self._files.changed

    def run(self, deploy: Callable[[Instance], object]) -> None:
        """Deploy, and say that the instance is there."""
        self._files.begin()
        deploy(self)
        self._files.remove_others()
        self._files.finish()

    def run_undeploy(self, undeploy: Callable[[Instance], object] | None) -> None:
        """Undeploy, and remove what was written for the instance."""
        self._files.begin()
        if undeploy is not None:
            undeploy(self)
        self._files.remove_all()


def main(
    deploy: Callable[[Instance], object],
    undeploy: Callable[[Instance], object] | None = None,
    *,
    argv: Sequence[str] | None = None,
) -> NoReturn:
    """Do what the agent asks for, and exit: 0 if all is well, 1 if not, 2 for wrong usage.

    What the functions raise is an error: :exc:`Failed` and ``OSError`` in one line.
    Files that :meth:`Instance.write` wrote are removed by themselves; what ``undeploy`` has to
    do is the rest. The file that says that the instance is there is seen to.
    """
    program, *arguments = sys.argv if argv is None else argv
    try:
        options, rest = getopt.getopt(arguments, "ur:")
        path, number = rest
        if not path.startswith("/") or not re.fullmatch("[0-9]+", number):
            raise ValueError(path)
        n = int(number)
    except (getopt.GetoptError, ValueError):
        _say(_USAGE)
        sys.exit(2)
    chosen = dict(options)
    instance = Instance(Path(program), path, n, chosen.get("-r"), os.environ)
    try:
        if "-u" in chosen:
            instance.run_undeploy(undeploy)
        else:
            instance.run(deploy)
    except (Failed, OSError) as error:
        _say(f"zookeeper-deploy: {error}")
        sys.exit(1)
    sys.exit(0)


def _say(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
