"""Tells a person where to look and what to try."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from zc.zkdeployment.demo.stage import Stage
from zc.zkdeployment.demo.story import TREE_FILE

#: What to do while the fleet goes on running.
YOUR_TURN = (
    "Type the commands above in another terminal, and look here at what they do. "
    "Press Enter, or Ctrl-C, to stop the fleet."
)


def kept_files(directory: Path) -> str:
    """Return what there is to see in the directory of a demo that has ended."""
    return (
        f"The fleet is stopped; its files are in {directory}:\n"
        "  host1/agent.log   what the agent of host1 did and why; likewise host2, host3\n"
        "  host1/root        what host1 takes for /: look at opt, etc and etc/zim\n"
    )


def gone() -> str:
    """Return what to do to see more than there was."""
    return (
        "The fleet is stopped and its files are removed. To look around:\n"
        "  zkdeploy demo --keep            lets the fleet run, and tells what to try\n"
        "  zkdeploy demo --directory DIR   keeps logs and files in DIR\n"
    )


def things_to_try(stage: Stage) -> str:
    """Return commands that work while the fleet of ``stage`` runs."""
    here = shlex.quote(str(stage.directory))
    one, two, *_ = stage.hosts
    zkdeploy, at = program(), f"--zookeeper {stage.connection_string}"
    work = shlex.quote(str(stage.fleet.work))
    as_demo = "-c user.name=demo -c user.email=demo@localhost"
    return "\n".join(
        (
            "The fleet goes on running. In another terminal:",
            "",
            "  # follow it in the terminal, or in a browser at http://127.0.0.1:8000/",
            f"  {zkdeploy} status {at} --watch",
            f"  {zkdeploy} web {at}",
            "  # look",
            f"  {zkdeploy} tree export {at} /shop",
            f"  {zkdeploy} tree export {at} --ephemeral /hosts",
            f"  tail -f {here}/host*/agent.log",
            "  # take web back to 2.0 in version control, look what that would do, publish it",
            f"  cd {work} && sed -i \"s/'3.1'/'2.0'/\" {TREE_FILE} &&"
            f" git {as_demo} commit -qam 'web 2.0' && git push -q origin main",
            f"  {zkdeploy} plan {at} --fleet {stage.source}",
            f"  {zkdeploy} sync {at} {stage.source}",
            "  # no, go back to what was there before; what was published when?",
            f"  {zkdeploy} rollback {at} --reason 'just a demo'",
            f"  {zkdeploy} history {at}",
            "  # stop the fleet, see what host1 would do, let the fleet go on",
            f"  {zkdeploy} stop {at} --reason 'let me look'",
            f"  {shlex.quote(str(one.zkdeploy))} plan",
            f"  {zkdeploy} resume {at}",
            "  # let scripts take 5 seconds",
            f"  echo 5 >{shlex.quote(str(stage.pace_file))}",
            "  # crash an agent, then start it again",
            f"  kill -9 $(cut -d' ' -f2 {shlex.quote(str(two.status))})",
            f"  {shlex.quote(str(two.zkdeploy))} agent >>{shlex.quote(str(two.log))} 2>&1 &",
        )
    )


def program(which: Callable[[str], str | None] = shutil.which) -> str:
    """Return how to call zkdeploy in a shell."""
    if which("zkdeploy"):
        return "zkdeploy"
    return shlex.quote(str(Path(sys.executable).with_name("zkdeploy")))
