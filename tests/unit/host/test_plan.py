"""What is done on a host, and in which order, for what it has and what it should have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.host.plan import (
    DeployNode,
    InstallSoftware,
    Plan,
    RemoveConfiguration,
    RemoveDeployment,
    RemoveSoftware,
    UpdateController,
    leftovers,
    plan,
)
from zc.zkdeployment.model import (
    Deployment,
    Desired,
    Installed,
    Software,
    UnversionedDeployment,
)

CMS = Deployment("cms", None, "1", "cms", "/a/cms", 0)
CMS_1 = Deployment("cms", None, "1", "cms", "/a/cms", 1)
WEB = Deployment("web", None, None, "web-2", "/a-b/web", 0)


def installed_of(deployment: Deployment, rpm_name: str | None = None) -> UnversionedDeployment:
    return UnversionedDeployment(
        deployment.app, rpm_name or deployment.rpm_name, deployment.path, deployment.n
    )


def test_an_empty_host_and_an_empty_tree_need_nothing() -> None:
    assert plan(Desired(), Installed()) == Plan()
    assert plan(Desired(), Installed()).steps == ()


def test_new_deployments_install_and_deploy_in_path_order() -> None:
    todo = plan(Desired((WEB, CMS_1, CMS)), Installed())
    assert [type(step) for step in todo.steps] == [InstallSoftware] * 2 + [DeployNode] * 2
    assert [step.software for step in todo.software] == [
        Software("cms", "1"),
        Software("web-2", None),
    ]
    assert [(node.path, node.deployments) for node in todo.deployments] == [
        ("/a-b/web", (WEB,)),
        ("/a/cms", (CMS, CMS_1)),
    ]
    assert todo.software[0].reason == "needed by /a/cms"


def test_each_node_has_its_own_time_or_leaves_it_to_the_agent() -> None:
    todo = plan(Desired((WEB, CMS_1, CMS), timeouts={"/a/cms": 60.0}), Installed())
    assert [(node.path, node.timeout) for node in todo.deployments] == [
        ("/a-b/web", None),
        ("/a/cms", 60.0),
    ]


def test_a_reason_names_a_few_of_many_nodes() -> None:
    many = tuple(CMS._replace(path=f"/{i}") for i in range(5))
    [step] = plan(Desired(many), Installed()).software
    assert step.reason == "needed by /0, /1, /2 and 2 more"


def test_what_the_tree_lacks_is_removed_first_and_its_software_last() -> None:
    had = Installed(
        deployments=(installed_of(WEB), installed_of(CMS_1), installed_of(CMS)),
        applications=frozenset({"cms", "web-2"}),
    )
    todo = plan(Desired((CMS,)), had)
    assert [step.deployment for step in todo.removals] == [installed_of(CMS_1), installed_of(WEB)]
    assert [type(step) for step in todo.steps] == [
        RemoveDeployment,
        RemoveDeployment,
        InstallSoftware,
        DeployNode,
        RemoveSoftware,
        RemoveConfiguration,
    ]
    assert [s.name for s in todo.leftovers if isinstance(s, RemoveSoftware)] == ["web-2"]


def test_new_software_of_the_same_application_takes_an_instance_over() -> None:
    """An upgrade by a new name must not take the instance away first."""
    had = Installed((installed_of(WEB, "web-1"),), frozenset({"web-1"}))
    todo = plan(Desired((WEB,)), had)
    assert todo.removals == ()
    assert todo.leftovers == (RemoveSoftware("web-1", "nothing needs it"),)


def test_nodes_owned_from_an_earlier_life_come_first() -> None:
    """Nobody else can work on them, and waiting elsewhere first could block two hosts for ever."""
    todo = plan(Desired((WEB, CMS)), Installed(), frozenset({"/a/cms"}))
    assert [node.path for node in todo.deployments] == ["/a/cms", "/a-b/web"]


def test_a_controller_is_brought_or_taken_away() -> None:
    controller = Software("ctl", "1")
    assert plan(Desired((), controller), Installed()).controller == UpdateController(
        controller, (), "the role has a controller"
    )
    assert plan(
        Desired(), Installed(controllers=frozenset({"old"}))
    ).controller == UpdateController(None, ("old",), "the role has no controller")


def test_a_controller_that_is_an_application_too_stays() -> None:
    installed = Installed(applications=frozenset({"ctl", "old"}))
    assert leftovers(Desired((), Software("ctl", "1")), installed, installed) == (
        RemoveSoftware("old", "nothing needs it"),
    )


_apps = st.sampled_from(["a", "b", "c-1", "c-2"])
_paths = st.sampled_from(["/x", "/y", "/x/y"])
_deployments = st.builds(
    lambda rpm, path, n: Deployment(
        rpm.partition("-")[0], None, None if "-" in rpm else "1", rpm, path, n
    ),
    _apps,
    _paths,
    st.integers(0, 2),
)


@given(st.sets(_deployments), st.sets(_deployments))
def test_after_a_plan_the_host_has_what_the_tree_wants(
    wanted: set[Deployment], had: set[Deployment]
) -> None:
    """Carried out, a plan leads to the tree's state, from any state; then nothing must go."""
    desired = Desired(tuple(sorted(wanted)))
    installed = Installed(tuple(installed_of(d) for d in had), frozenset(d.rpm_name for d in had))
    todo = plan(desired, installed)
    removed = {step.deployment for step in todo.removals}
    deployed = {d for node in todo.deployments for d in node.deployments}
    now = {(d.app, d.path, d.n) for d in installed.deployments if d not in removed}
    now |= {(d.app, d.path, d.n) for d in deployed}
    assert now == {(d.app, d.path, d.n) for d in wanted}
    gone = {step.name for step in todo.leftovers if isinstance(step, RemoveSoftware)}
    software = installed.applications | {step.software.name for step in todo.software}
    assert software - gone == {d.rpm_name for d in wanted}


@given(st.sets(_deployments))
def test_planning_twice_changes_nothing(wanted: set[Deployment]) -> None:
    """A host that has everything removes nothing: planning is idempotent."""
    desired = Desired(tuple(sorted(wanted)))
    installed = Installed(
        tuple(installed_of(d) for d in wanted), frozenset(d.rpm_name for d in wanted)
    )
    todo = plan(desired, installed)
    assert (todo.removals, todo.leftovers) == ((), ())
