"""What programs find in their environment, and what of the agent's they must not find."""

from __future__ import annotations

import pytest

from zc.zkdeployment.adapters.script_environment import script_environment, script_home


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TERM", "USER", "SHELL", "TMPDIR"),
        *("http_proxy", "no_proxy", "SSH_AUTH_SOCK", "JAVA_HOME", "LD_LIBRARY_PATH"),
        *(
            "TEST_ROOT",
            "ZC_ZK_CONNECTION_STRING",
            "CPYTHON",
            "MYZKDEPLOY_X",
            "LISTENER",
            "pythonx",
        ),
        *("RUNTIME", "NOTIFY", "INVOCATION", "SYSTEMD_PAGER", "VIRTUAL", "APP_STATE_DIRECTORY"),
    ],
)
def test_what_a_host_sets_for_its_scripts_reaches_them(name: str) -> None:
    assert script_environment({name: "given"}, {}) == {name: "given"}


@pytest.mark.parametrize(
    "name",
    [
        # An earlier agent's script may have started this one.
        *("ZKDEPLOY_LOCK", "ZKDEPLOY_VERSION"),
        *("ZKDEPLOY_ZOOKEEPER_CONFIG", "ZKDEPLOY_DEBUG", "_ZKDEPLOY_COMPLETE"),
        # A script that talked to systemd would talk for the agent.
        *("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS"),
        *("LISTEN_FDNAMES", "FDSTORE", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID"),
        *("MAINPID", "MANAGERPID", "CREDENTIALS_DIRECTORY", "RUNTIME_DIRECTORY"),
        *("STATE_DIRECTORY", "CACHE_DIRECTORY", "LOGS_DIRECTORY", "CONFIGURATION_DIRECTORY"),
        *("MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE", "MONITOR_UNIT", "TRIGGER_UNIT"),
        # yum is a Python program, of another Python than the agent's.
        *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUNBUFFERED", "VIRTUAL_ENV"),
    ],
)
def test_what_is_the_agents_own_reaches_no_script(name: str) -> None:
    assert script_environment({name: "given", "PATH": "/bin"}, {}) == {"PATH": "/bin"}


def test_what_the_agent_gives_takes_the_place_of_what_there_was() -> None:
    environ = {"HOME": "/", "ZKDEPLOY_VERSION": "41"}
    added = {"HOME": "/root", "ZKDEPLOY_VERSION": "42"}
    assert script_environment(environ, added) == added
    assert environ == {"HOME": "/", "ZKDEPLOY_VERSION": "41"}


@pytest.mark.parametrize(
    ("environ", "uid", "home"),
    [
        ({"HOME": "/"}, 0, "/root"),
        ({}, 0, "/root"),
        ({"HOME": "/root"}, 0, "/root"),
        ({"HOME": "/home/zope"}, 1000, "/home/zope"),
        ({}, 1000, "/"),
    ],
)
def test_scripts_get_roots_home(environ: dict[str, str], uid: int, home: str) -> None:
    assert script_home(environ, uid) == home
