"""What it costs to see that all packages are there already, at once and one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.timing import measure

from zc.zkdeployment.adapters.commands import Commands
from zc.zkdeployment.adapters.dnf import dnf
from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.adapters.yum import Yum
from zc.zkdeployment.host.software import BulkInstaller, SoftwareInstaller
from zc.zkdeployment.lab.packages import (
    Package,
    PackageRepository,
    dnf_launchers,
    yum_launcher,
)
from zc.zkdeployment.model import Software

_MOST_TIME = 0.1  # seconds, for all


class _Counted(Commands):
    """Counts the programs that are run."""

    runs = 0

    def run(
        self,
        argv: Iterable[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        is_query: bool = False,
    ) -> str:
        self.runs += 1
        return super().run(argv, cwd=cwd, env=env, timeout=timeout, is_query=is_query)


def packages(setting: Setting) -> Findings:
    """Check packages that are all installed, in the wanted version, with a real rpm and dnf."""
    count = 10 if setting.quick else 100
    root, programs = setting.directory / "root", setting.directory / "bin"
    root.mkdir()
    wanted = [Software(f"app{number:03}", "1.0") for number in range(count)]
    repository = PackageRepository(setting.directory / "repository")
    setting.say(f"building {count} packages")
    repository.add(*(Package(each.name, "1.0") for each in wanted))
    dnf_launchers(programs, root, repository)
    yum_launcher(programs, root, repository)
    commands = _Counted(
        environment={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}, quiet=True
    )
    files = HostFiles(str(root), str(setting.directory / "run"))
    together = BulkInstaller(dnf(commands, files), {}, files, commands)
    setting.say("installing them")
    installation = measure(lambda: together.ensure_all(wanted, _go_on), 1)
    commands.runs = 0
    rounds = 3 if setting.quick else 15
    check = measure(lambda: together.ensure_all(wanted, _go_on), rounds)
    queries = commands.runs / rounds
    alone = SoftwareInstaller(Yum(commands, files), {}, files, commands)
    setting.say("with yum, one after the other")
    one_by_one = measure(lambda: alone.ensure_all(wanted, _go_on), 1)
    return Findings(
        [
            Figure(
                f"{count} packages that are all there, with dnf",
                [
                    Amount(queries, "queries", 1),
                    Amount(check.milliseconds, "ms", _MOST_TIME * 1000),
                ],
                f"with yum, one after the other, {one_by_one.seconds:.1f} s",
            ),
            Figure(
                f"{count} packages installed at once with dnf",
                [Amount(installation.seconds, "s")],
                "one transaction",
            ),
        ]
    )


def _go_on(_: str) -> None:
    """Nothing stops the fleet here."""
