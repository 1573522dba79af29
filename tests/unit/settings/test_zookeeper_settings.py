"""The section ``[zookeeper]``: what it means, and what it refuses to mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.access import Policy, Principal
from zc.zkdeployment.settings.config import (
    CONFIGURATION_VARIABLE,
    settings_from_configuration,
    settings_from_files,
    settings_of_operator,
)
from zc.zkdeployment.settings.zookeeper_settings import ZooKeeperSettings

HASH = "a94a8fe5ccb19ba61c4c0873d391"[:27] + "="
ACL = {
    "acl-admin": f"digest:admin:{HASH}",
    "acl-publisher": f"digest:publisher:{HASH}",
    "acl-agent": "x509:CN=one,O=Example Ltd\n  x509:CN=two",
}

Configure = Callable[..., ZooKeeperSettings]


def private(path: Path, text: str = "", mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(mode)
    path.write_text(text)
    return path


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Return a function that reads a file with settings; paths are below the root ``/root``."""

    def configure(text: str | None = None, **given: str) -> ZooKeeperSettings:
        lines = (f"{key.replace('_', '-')} = {value}" for key, value in given.items())
        path = tmp_path / "zookeeper.conf"
        path.write_text("\n".join(["[zookeeper]", *lines]) if text is None else text)
        environ = {CONFIGURATION_VARIABLE: str(path), "TEST_ROOT": str(tmp_path / "root")}
        return settings_of_operator(environ)

    return configure


def test_without_a_file_nothing_is_encrypted_and_nobody_asked() -> None:
    """What worked before goes on working."""
    assert settings_of_operator({}) == ZooKeeperSettings()


def test_all_that_can_be_said(configure: Configure, tmp_path: Path) -> None:
    root = tmp_path / "root"
    private(root / "own.key")
    private(root / "password", "agent:pass:word \n")
    assert configure(
        servers="zk1:2281,zk2:2281/fleet",
        tls="yes",
        ca_file="/ca.pem",
        certificate="/own.pem",
        key="/own.key",
        verify_host_name="no",
        digest="file:///password",
        **ACL,
        acl_reader="world:anyone",
        acl_exempt="/a/providers/",
    ) == ZooKeeperSettings(
        servers="zk1:2281,zk2:2281/fleet",
        tls=True,
        ca_file=f"{root}/ca.pem",
        certificate=f"{root}/own.pem",
        key=f"{root}/own.key",
        verify_host_name=False,
        digest="agent:pass:word ",
        policy=Policy(
            admin=(Principal("digest", f"admin:{HASH}"),),
            publisher=(Principal("digest", f"publisher:{HASH}"),),
            agent=(Principal("x509", "CN=one,O=Example Ltd"), Principal("x509", "CN=two")),
            reader=(Principal("world", "anyone"),),
            exempt=("/a/providers",),
        ),
    )


def test_names_of_servers_are_checked_unless_that_is_turned_off(configure: Configure) -> None:
    assert configure(tls="yes").verify_host_name


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"tls": "perhaps"}, "tls: 'perhaps' is neither yes nor no"),
        ({"tls": "yes", "verify_host_name": ""}, "verify-host-name: '' is neither yes nor no"),
        ({"ca_file": "/ca.pem"}, "ca-file: without 'tls = yes' nothing is encrypted"),
        ({"tls": "no", "verify_host_name": "yes"}, "verify-host-name: without 'tls = yes'"),
        ({"tls": "yes", "ca_file": "ca.pem"}, "ca-file: 'ca.pem' is not an absolute path"),
        ({"tls": "yes", "certificate": "/own"}, "certificate and key go together"),
        ({"tls": "yes", "key": "/own"}, "certificate and key go together"),
        ({"verify_hostname": "no"}, "unknown setting verify-hostname in .*did you mean verify-"),
        ({"sasl_mechanism": "DIGEST-MD5"}, "unknown setting sasl-mechanism in .*; known are serv"),
        ({"servers": "zk1:client"}, "servers: 'zk1:client' is not HOST:PORT"),
        ({"servers": ""}, "servers: '' is not HOST:PORT"),
        ({"acl_exempt": "/a"}, "acl-exempt: without acl-admin"),
        ({**ACL, "acl_exempt": "a"}, "acl-exempt: 'a' is not the path of a node below the root"),
        ({**ACL, "acl_exempt": "/"}, "acl-exempt: '' is not the path of a node below the root"),
        ({**ACL, "acl-agent": ""}, "acl-agent: nobody is named"),
        ({"acl-reader": "world:anyone"}, "acl-admin: nobody is named"),
        ({**ACL, "acl-agent": "world:anyone"}, "acl-agent: world:anyone can be a reader only"),
        ({**ACL, "acl-reader": "world:nobody"}, "acl-reader: world:anyone can be a reader only"),
        ({**ACL, "acl-agent": "agent"}, "acl-agent: expected lines SCHEME:ID"),
        ({**ACL, "acl-agent": "auth:"}, "acl-agent: expected lines SCHEME:ID"),
    ],
)
def test_what_is_mistyped_or_lacks_something_is_refused(
    configure: Configure, given: dict[str, str], why: str
) -> None:
    """A mistake here would leave open what everybody takes for closed."""
    with pytest.raises(BadConfiguration, match=why):
        configure(**given)


@pytest.mark.parametrize("value", ["agent:hunter2", "hunter2", "file:agent:hunter2"])
def test_a_password_in_a_configuration_file_is_refused_and_not_repeated(
    configure: Configure, value: str
) -> None:
    """Configuration files are world-readable, in version control, and in tickets."""
    with pytest.raises(BadConfiguration, match="digest = file:///PATH") as caught:
        configure(digest=value)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(BadConfiguration, match="'zkdeploy acl id' prints") as caught:
        configure(**{**ACL, "acl-agent": "digest:agent:hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["[zookeeper]\ndigest hunter2\n", "digest = hunter2\n"])
def test_what_is_no_ini_file_is_not_repeated_either(configure: Configure, text: str) -> None:
    with pytest.raises(BadConfiguration, match=r"not in INI format: see line [12]$") as caught:
        configure(text)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_is_named_must_say_something(configure: Configure, tmp_path: Path) -> None:
    """An empty one would mean: no TLS, no password."""
    with pytest.raises(BadConfiguration, match=r"has no section \[zookeeper\]"):
        configure("[zkdeployment]\nhost-id = h1\n")
    with pytest.raises(BadConfiguration, match="does not exist"):
        settings_of_operator({CONFIGURATION_VARIABLE: str(tmp_path / "nowhere")})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_secrets_that_others_can_use_are_refused(
    configure: Configure, tmp_path: Path, mode: int
) -> None:
    private(tmp_path / "root/secret", "agent:hunter2", mode)
    for given in (
        {"digest": "file:///secret"},
        {"tls": "yes", "key": "/secret", "certificate": "/own.pem"},
    ):
        with pytest.raises(BadConfiguration, match=f"has mode {mode:o}, .* chmod 600 ") as caught:
            configure(**given)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "hunter2", ":hunter2", "agent:", "a:hunter2\nb:c", "a:\0"])
def test_a_password_file_holds_one_line_and_is_not_repeated(
    configure: Configure, tmp_path: Path, text: str
) -> None:
    private(tmp_path / "root/secret", text)
    with pytest.raises(BadConfiguration, match="something else than one line USER:P") as caught:
        configure(digest="file:///secret")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("path", ["nowhere", ""])
def test_a_password_file_has_to_be_a_file(configure: Configure, tmp_path: Path, path: str) -> None:
    private(tmp_path / "root/secret")
    with pytest.raises(BadConfiguration, match=r"^digest: "):
        configure(digest=f"file:///{path}")


def test_settings_that_are_shown_show_no_password() -> None:
    settings = ZooKeeperSettings(digest="agent:hunter2")
    assert "hunter2" not in repr(settings)
    assert settings.user == "agent"


@pytest.fixture
def agent_conf(tmp_path: Path) -> Path:
    path = tmp_path / "agent.conf"
    path.write_text(
        "[zkdeployment]\nhost-id = h1\nrun-directory = /run\n"
        "[zookeeper]\nservers = theirs:2281\ntls = yes\n"
    )
    return path


def test_an_agent_has_them_in_its_own_file(agent_conf: Path) -> None:
    """What is secret there is for these servers, not for what the environment names."""
    environ = {"ZC_ZK_CONNECTION_STRING": "others:2181"}
    settings = settings_from_configuration(str(agent_conf), environ)
    assert settings.connection_string == "theirs:2281"
    assert settings.zookeeper == ZooKeeperSettings(servers="theirs:2281", tls=True)


def test_a_file_named_by_the_environment_takes_their_place(
    agent_conf: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.conf"
    other.write_text("[zookeeper]\ntls = yes\nca-file = /ca.pem\n")
    environ = {
        "TEST_ROOT": str(tmp_path),
        "ZC_ZK_CONNECTION_STRING": "named:2281",
        CONFIGURATION_VARIABLE: str(other),
    }
    private(tmp_path / "etc/zmh/pxemac", "h1\n")
    wanted = ZooKeeperSettings(servers="named:2281", tls=True, ca_file=f"{tmp_path}/ca.pem")
    assert settings_from_configuration(str(agent_conf), environ).zookeeper == wanted
    assert settings_from_files(environ).zookeeper == wanted
