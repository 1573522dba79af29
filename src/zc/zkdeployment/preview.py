"""What this host would do now: its plan, with nothing done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zc.zk.progress import Observer
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.connection import connect
from zc.zkdeployment.host.gate import Gate, judge
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.host.plan import (
    DeployNode,
    InstallSoftware,
    RemoveConfiguration,
    RemoveDeployment,
    RemoveSoftware,
    Step,
    UpdateController,
    plan,
)
from zc.zkdeployment.host.reconcile import whole_version
from zc.zkdeployment.host.software import SoftwareInstaller
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity, Software, Version
from zc.zkdeployment.settings.config import Settings
from zc.zkdeployment.tree.packages import InstalledPackage, is_checkout, satisfies
from zc.zkdeployment.wiring import identity_of, trust_of, world_of


@dataclass(frozen=True, slots=True)
class PreviewStep:
    """A step in words: what would be done, to what, and why."""

    action: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a host would do.

    ``blocked`` says why it would do nothing now although it may have
    something to do; ``steps`` are then what it would do when resumed.
    """

    host: Identity
    cluster_version: Version
    host_version: Version
    blocked: str | None
    steps: tuple[PreviewStep, ...]


def preview(settings: Settings, observer: Observer | None = None) -> Preview:
    """Compare the tree with this host as an agent would, without registering as one.

    Runs only commands that look. ``observer`` is told how far reading has got. Raises
    what an agent would stop the fleet for: :exc:`~zc.zkdeployment.errors.BadTree` and
    :exc:`zc.zk.errors.BadPropertyLink`.
    """
    identity = identity_of(settings)
    trust = trust_of(settings, remember=False)
    zk = connect(settings.zookeeper)
    zk.bulk.observer = observer
    try:
        wakeup = Wakeup()
        cluster = Registry(zk, identity, wakeup, StopIntent(settings.run_directory))
        world = world_of(settings, identity, zk, cluster, wakeup, lambda: False)
        cluster_version = cluster.read_version()
        host_version = world.files.read_version()
        verdict = judge(cluster_version, whole_version(host_version, world.files))
        steps: tuple[PreviewStep, ...] = ()
        if verdict is not Gate.CURRENT:
            desired = read_desired(Trees(Requests(zk), trust), identity, cluster_version)
            todo = plan(desired, world.files.installed())
            steps = _in_words(todo.steps, world.software)
        blocked = None if verdict in (Gate.CURRENT, Gate.OPEN) else verdict.value
        return Preview(identity, cluster_version, host_version, blocked, steps)
    finally:
        zk.close()


def _in_words(steps: Sequence[Step], software: SoftwareInstaller) -> tuple[PreviewStep, ...]:
    wanted = [step.software for step in steps if isinstance(step, InstallSoftware)]
    installed = software.look([each.name for each in wanted if not is_checkout(each)])
    return tuple(_step_in_words(step, installed) for step in steps)


def _step_in_words(step: Step, installed: Mapping[str, InstalledPackage]) -> PreviewStep:
    match step:
        case UpdateController(wanted, present, reason):
            subject = str(wanted) if wanted else ", ".join(present)
            return PreviewStep(
                "update controller" if wanted else "remove controller", subject, reason
            )
        case RemoveDeployment(deployment, reason):
            return PreviewStep("remove deployment", f"{deployment.path} {deployment.n}", reason)
        case InstallSoftware(software, reason):
            return PreviewStep(_software_action(software, installed), str(software), reason)
        case DeployNode(path, deployments, reason):
            numbers = " ".join(str(deployment.n) for deployment in deployments)
            return PreviewStep("deploy", f"{path} {numbers}", reason)
        case RemoveSoftware(name, reason):
            return PreviewStep("remove software", name, reason)
        case RemoveConfiguration(app, reason):
            return PreviewStep("remove configuration", f"/etc/{app}", reason)


def _software_action(software: Software, installed: Mapping[str, InstalledPackage]) -> str:
    if is_checkout(software):
        return "check out and build"
    found = installed.get(software.name)
    if found is None:
        return "install"
    return "keep" if satisfies(software.version, found) else f"change from {found}"
