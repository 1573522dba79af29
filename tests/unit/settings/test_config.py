"""What an agent takes for its settings, and what it refuses to start with."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from zc.zkdeployment.errors import BadConfiguration, MissingSetting
from zc.zkdeployment.settings.config import (
    Settings,
    check_zookeeper_address,
    settings_from_configuration,
    settings_from_files,
)

GOOD = {"host-id": "h1", "run-directory": "/run/zk"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "etc/zmh").mkdir(parents=True)
    (root / "etc/zim").mkdir()
    (root / "etc/zmh/pxemac").write_text("424242424242\n")
    return root


@pytest.fixture
def configure(tmp_path: Path, root: Path) -> Callable[..., Settings]:
    """Return a function that reads a configuration file with the settings given."""
    path = tmp_path / "agent.conf"

    def configure(patience: float = 10.0, text: str = "", **given: str) -> Settings:
        lines = [f"{key.replace('_', '-')} = {value}" for key, value in given.items()]
        path.write_text(text or "\n".join(["[zkdeployment]", *lines]))
        return settings_from_configuration(str(path), {"TEST_ROOT": str(root)}, patience=patience)

    return configure


class Metadata(BaseHTTPRequestHandler):
    """Answers ``/STATUS/TEXT``, ``/long``, ``/cut``, ``/binary``, and ``/slow`` without an end."""

    def do_GET(self) -> None:
        match self.path.split("/")[1:]:
            case ["long"]:
                self.answer(200, b"x" * 100_000)
            case ["cut"]:
                self.answer(200, b"4242", announced=12)
            case ["binary"]:
                self.answer(200, b"\xff\xfe")
            case ["slow"]:
                self.send_response(200)
                self.end_headers()
                with contextlib.suppress(OSError):  # until the agent hangs up
                    while True:
                        self.wfile.write(b"x")
                        self.server.closing.wait(0.02)  # type: ignore[attr-defined] # set by the test
            case [status, text]:
                self.answer(int(status), f" {text}\n".encode())

    def answer(self, status: int, body: bytes, announced: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(announced or len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def metadata() -> Iterator[str]:
    """The URL of a metadata service."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        server.closing = threading.Event()  # type: ignore[attr-defined] # set by the test
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.closing.set()  # type: ignore[attr-defined] # set by the test
        server.shutdown()
        thread.join()


def test_without_a_configuration_file_the_files_of_the_host_count(root: Path) -> None:
    assert settings_from_files({"TEST_ROOT": str(root)}) == Settings(
        host_identifier="424242424242",
        role=None,
        run_directory=f"{root}/etc/zim",
        after=(),
        root=str(root),
        connection_string="zookeeper:2181",
    )


def test_only_the_first_line_of_pxemac_is_the_host_identifier(root: Path) -> None:
    (root / "etc/zmh/pxemac").write_text(" 4242\t\nanother line\n")
    assert settings_from_files({"TEST_ROOT": str(root)}).host_identifier == "4242"


@pytest.mark.parametrize(("text", "role"), [("cache\n", "cache"), ("\n", None), ("", None)])
def test_the_role_file_may_be_empty(root: Path, text: str, role: str | None) -> None:
    (root / "etc/zim/role").write_text(text)
    assert settings_from_files({"TEST_ROOT": str(root)}).role == role


def test_the_environment_says_where_zookeeper_is(root: Path) -> None:
    environ = {"TEST_ROOT": str(root), "ZC_ZK_CONNECTION_STRING": "zk1:2181,zk2:2181/fleet"}
    assert settings_from_files(environ).connection_string == "zk1:2181,zk2:2181/fleet"


@pytest.mark.parametrize("text", [None, "", "\n424242424242\n"])
def test_a_host_without_an_identifier_is_told_where_to_write_it(
    root: Path, text: str | None
) -> None:
    pxemac = root / "etc/zmh/pxemac"
    if text is None:
        pxemac.unlink()
    else:
        pxemac.write_text(text)
    with pytest.raises(MissingSetting, match=f"host-id not specified: {pxemac} is missing or"):
        settings_from_files({"TEST_ROOT": str(root)})


def test_a_file_that_cannot_be_read_is_no_missing_file(root: Path) -> None:
    (root / "etc/zim/role").mkdir()
    with pytest.raises(BadConfiguration, match=r"role: .*/etc/zim/role' cannot be read: "):
        settings_from_files({"TEST_ROOT": str(root)})


@pytest.mark.parametrize("environ", [{}, {"TEST_ROOT": ""}])
def test_without_a_test_root_files_are_those_of_the_host(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    path = tmp_path / "agent.conf"
    path.write_text("[zkdeployment]\nhost-id = h1\nrun-directory = /run/zk\n")
    settings = settings_from_configuration(str(path), environ)
    assert (settings.root, settings.run_directory) == ("/", "/run/zk")


def test_a_relative_test_root_holds_wherever_a_script_runs(root: Path) -> None:
    given = f"../../../../../../../../../..{root}/etc/.."
    assert settings_from_files({"TEST_ROOT": given}).root == str(root)


def test_a_configuration_file_replaces_the_files(
    configure: Callable[..., Settings], root: Path
) -> None:
    settings = configure(
        host_id="h1", role="cache", run_directory="/run/zk", after="notify --title 'it is done'"
    )
    assert settings == Settings(
        host_identifier="h1",
        role="cache",
        run_directory=f"{root}/run/zk",
        after=("notify", "--title", "it is done"),
        root=str(root),
        connection_string="zookeeper:2181",
    )


@pytest.mark.parametrize("given", ["yum", "dnf", "apt", "auto"])
def test_the_package_manager_can_be_named(configure: Callable[..., Settings], given: str) -> None:
    assert configure(**GOOD, package_manager=given).package_manager == given


def test_without_a_name_the_package_manager_is_left_to_the_host(
    configure: Callable[..., Settings],
) -> None:
    assert configure(**GOOD).package_manager is None
    assert configure(**GOOD, package_manager="").package_manager is None


def test_an_unknown_package_manager_is_refused(configure: Callable[..., Settings]) -> None:
    with pytest.raises(
        BadConfiguration, match=r"^package-manager: expected yum, dnf, apt or auto, not 'zypper'$"
    ):
        configure(**GOOD, package_manager="zypper")


def test_the_role_file_does_not_count_where_there_is_a_configuration_file(
    configure: Callable[..., Settings], root: Path
) -> None:
    (root / "etc/zim/role").write_text("cache")
    assert configure(**GOOD).role is None


def test_the_hook_may_be_written_on_several_lines_and_hold_a_percent_sign(
    configure: Callable[..., Settings],
) -> None:
    assert configure(**GOOD, after="\n  date\n  +%s").after == ("date", "+%s")


def test_a_run_directory_below_the_root_is_not_prefixed_again(
    configure: Callable[..., Settings], root: Path
) -> None:
    assert configure(host_id="h1", run_directory=f"{root}/run").run_directory == f"{root}/run"


def test_a_run_directory_cannot_climb_out_of_the_root(
    configure: Callable[..., Settings], root: Path
) -> None:
    assert configure(host_id="h1", run_directory="/../../run").run_directory == f"{root}/run"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"run-directory": "/run"}, "host-id"),
        ({"run-directory": "/run", "host-id": ""}, "host-id"),
        ({"run-directory": "/run", "host-id": "file:///etc/nowhere"}, "host-id"),
        ({"host-id": "h1"}, "run-directory"),
    ],
)
def test_a_missing_setting_is_named_and_nothing_else(
    configure: Callable[..., Settings], given: dict[str, str], missing: str
) -> None:
    with pytest.raises(MissingSetting, match=f"^{missing} not specified$"):
        configure(**given)


def test_settings_of_other_programs_in_the_file_do_not_count(
    configure: Callable[..., Settings],
) -> None:
    with pytest.raises(MissingSetting, match=r"^host-id not specified$"):
        configure(text="[other]\nhost-id = h1\nrun-directory = /run\n")


@pytest.mark.parametrize(
    "misspelled",
    ["host_id", "roles", "rundirectory", "affter", "Rol", "public_key", "pubkeys", "timeouts"],
)
def test_a_misspelled_setting_is_not_ignored(
    configure: Callable[..., Settings], misspelled: str
) -> None:
    with pytest.raises(BadConfiguration, match=f"unknown setting {misspelled.lower()}; did you"):
        configure(text=f"[zkdeployment]\nhost-id=h1\nrun-directory=/r\n{misspelled} = x\n")


def test_a_file_for_a_newer_release_is_good_for_this_one(
    configure: Callable[..., Settings],
) -> None:
    assert configure(**GOOD, package_manager="dnf").host_identifier == "h1"


@pytest.mark.parametrize("name", ["a/b", "a b", ".", "..", "a\x01b", "x" * 201, "\ufff0"])
@pytest.mark.parametrize("setting", ["host-id", "role"])
def test_what_cannot_be_a_node_is_no_host_and_no_role(
    configure: Callable[..., Settings], setting: str, name: str
) -> None:
    with pytest.raises(BadConfiguration, match=f"^{setting}: .* cannot be the name of a node: "):
        configure(**{**GOOD, setting: name})


@pytest.mark.parametrize("path", ["run", "/run\x01"])
def test_a_run_directory_is_absolute_and_printable(
    configure: Callable[..., Settings], path: str
) -> None:
    with pytest.raises(BadConfiguration, match=r"^run-directory: .* is not an absolute path"):
        configure(host_id="h1", run_directory=path)


def test_an_open_quotation_is_found_before_the_hook_is_needed(
    configure: Callable[..., Settings],
) -> None:
    with pytest.raises(BadConfiguration, match=r"^after: .* is no command line: No closing"):
        configure(**GOOD, after="echo 'done")


@pytest.mark.parametrize(
    ("given", "seconds"), [("90", 90.0), ("0.5", 0.5), ("604800", 604800.0), ("", 3600.0)]
)
def test_a_host_says_how_long_its_programs_may_take(
    configure: Callable[..., Settings], given: str, seconds: float
) -> None:
    assert configure(**GOOD, timeout=given).timeout == seconds


def test_nothing_runs_for_ever_where_nobody_says_how_long(
    configure: Callable[..., Settings], root: Path
) -> None:
    """A script that hangs would hold up the fleet until somebody looks."""
    assert configure(**GOOD).timeout == 3600.0
    assert settings_from_files({"TEST_ROOT": str(root)}).timeout == 3600.0


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "604801", "1h", "none", "9" * 5000])
def test_a_time_that_nobody_means_is_refused(
    configure: Callable[..., Settings], given: str
) -> None:
    expected = "timeout: expected a number of seconds above 0, at most 604800, not "
    with pytest.raises(BadConfiguration, match=f"^{expected}{given!r:.200}$"):
        configure(**GOOD, timeout=given)


def test_public_keys_are_files_below_the_root(
    configure: Callable[..., Settings], root: Path
) -> None:
    settings = configure(**GOOD, public_keys=f"/etc/a.pub\n  {root}/etc/b.pub /../c.pub")
    assert settings.public_keys == (f"{root}/etc/a.pub", f"{root}/etc/b.pub", f"{root}/c.pub")


def test_without_the_setting_nothing_has_to_be_signed(configure: Callable[..., Settings]) -> None:
    assert configure(**GOOD).public_keys == ()


@pytest.mark.parametrize("given", ["", "file:///etc/nowhere"])
def test_public_keys_that_went_missing_are_not_taken_for_none(
    configure: Callable[..., Settings], given: str
) -> None:
    """Such a host would trust whatever is published."""
    with pytest.raises(BadConfiguration, match=r"^public-keys: no file is named; name one or"):
        configure(**GOOD, public_keys=given)


@pytest.mark.parametrize("given", ["a.pub", "/etc/a.pub b.pub", "/etc/a\x01.pub"])
def test_a_public_key_is_named_by_an_absolute_path(
    configure: Callable[..., Settings], given: str
) -> None:
    with pytest.raises(BadConfiguration, match=r"^public-keys: .* is not an absolute path"):
        configure(**GOOD, public_keys=given)


@pytest.mark.parametrize("text", ["host-id = h1\n", "[zkdeployment]\nrole=a\nrole=b\n"])
def test_a_file_that_is_no_ini_file_is_one_line_of_error(
    configure: Callable[..., Settings], text: str
) -> None:
    with pytest.raises(BadConfiguration, match=r"agent.conf is not in INI format: ") as caught:
        configure(text=text)
    assert "\n" not in str(caught.value)


def test_a_configuration_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"nowhere.conf does not exist"):
        settings_from_configuration(str(tmp_path / "nowhere.conf"), {})


def test_a_configuration_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(BadConfiguration, match=r"configuration file: .*binary is not UTF-8 text"):
        settings_from_configuration(str(tmp_path / "binary"), {})


def test_a_setting_may_be_in_a_file(configure: Callable[..., Settings], root: Path) -> None:
    (root / "etc/my role").write_text("\n cache \n")
    assert configure(**GOOD, role="file:///etc/my%20role").role == "cache"
    assert configure(**GOOD, role=f"file://{root}/etc/my role").role == "cache"


def test_a_file_that_is_missing_gives_nothing(configure: Callable[..., Settings]) -> None:
    settings = configure(**GOOD, role="file:///etc/nowhere", after="file:///etc/nowhere")
    assert (settings.role, settings.after) == (None, ())


@pytest.mark.parametrize("path", ["/etc/zim", "/nul%00"])
def test_a_file_that_cannot_be_read_is_an_error(
    configure: Callable[..., Settings], path: str
) -> None:
    with pytest.raises(BadConfiguration, match=r"^role: .* cannot be read: "):
        configure(**GOOD, role=f"file://{path}")


def test_a_file_that_is_no_setting_is_not_read_whole(
    configure: Callable[..., Settings], root: Path
) -> None:
    (root / "etc/big").write_bytes(b"x" * 65537)
    with pytest.raises(BadConfiguration, match=r"^role: .*/etc/big is longer than 65536 bytes"):
        configure(**GOOD, role="file:///etc/big")


def test_a_setting_may_come_from_a_metadata_service(
    configure: Callable[..., Settings], metadata: str
) -> None:
    settings = configure(host_id=f"{metadata}/200/i-4242", run_directory="/run")
    assert settings.host_identifier == "i-4242"


def test_a_metadata_service_is_asked_without_a_proxy(
    configure: Callable[..., Settings], metadata: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would tell every host the proxy's own identity."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert configure(**GOOD, role=f"{metadata}/200/cache").role == "cache"


def test_404_gives_nothing(configure: Callable[..., Settings], metadata: str) -> None:
    assert configure(**GOOD, role=f"{metadata}/404/x").role is None


@pytest.mark.parametrize("status", [403, 500, 503])
def test_another_status_is_not_taken_for_a_missing_setting(
    configure: Callable[..., Settings], metadata: str, status: int
) -> None:
    """A host whose role cannot be read must not start as one without a role."""
    url = f"{metadata}/{status}/x"
    expected = f"role: {url} answered with status {status}, not with 200 or 404"
    with pytest.raises(BadConfiguration, match=f"^{re.escape(expected)}$"):
        configure(**GOOD, role=url)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("long", "is longer than 65536 bytes"),
        ("cut", "cannot be read: 8 bytes of the answer are missing"),
        ("binary", "is not UTF-8 text"),
    ],
)
def test_an_answer_that_cannot_be_meant_is_refused(
    configure: Callable[..., Settings], metadata: str, page: str, why: str
) -> None:
    with pytest.raises(BadConfiguration, match=f"^role: {metadata}/{page} {why}"):
        configure(**GOOD, role=f"{metadata}/{page}")


def test_a_service_that_never_finishes_does_not_hold_up_the_agent(
    configure: Callable[..., Settings], metadata: str
) -> None:
    with pytest.raises(BadConfiguration, match=r"cannot be read: it takes too long to answer"):
        configure(**GOOD, patience=0.1, role=f"{metadata}/slow")


def test_a_service_that_is_away_is_an_error(configure: Callable[..., Settings]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/role"
        with pytest.raises(BadConfiguration, match=r"cannot be read: .*timed out"):
            configure(**GOOD, patience=0.1, role=url)
    with pytest.raises(BadConfiguration, match=r"cannot be read: .*refused"):
        configure(**GOOD, role=url)


def test_a_url_without_a_host_is_an_error(configure: Callable[..., Settings]) -> None:
    with pytest.raises(BadConfiguration, match=r"^role: http://x:y/ cannot be read: "):
        configure(**GOOD, role="http://x:y/")


def test_staging_does_not_talk_to_production() -> None:
    check_zookeeper_address("10.0.0.1", lambda name: "10.0.0.1")
    with pytest.raises(BadConfiguration, match=r"zookeeper resolves to 10.0.0.2, not to 10.0.0.1"):
        check_zookeeper_address("10.0.0.1", lambda name: "10.0.0.2")


def test_a_name_that_does_not_resolve_is_not_the_address_asked_for() -> None:
    def resolve(name: str) -> str:
        raise socket.gaierror(-2, f"{name} is unknown")

    with pytest.raises(BadConfiguration, match=r"was to resolve to 10.0.0.1, but .*unknown"):
        check_zookeeper_address("10.0.0.1", resolve)


@pytest.mark.parametrize(("given", "reports"), [("yes", True), ("no", False), ("", None)])
def test_reports_can_be_turned_off(
    configure: Callable[..., Settings], given: str, reports: bool | None
) -> None:
    assert configure(**GOOD, reports=given).reports is reports


def test_an_agent_verifies_hourly_and_repairs_nothing_unless_it_is_told(
    configure: Callable[..., Settings],
) -> None:
    settings = configure(**GOOD)
    assert (settings.verify_interval, settings.repairs_drift) == (3600.0, False)
    settings = configure(**GOOD, verify_interval="0", drift="repair")
    assert (settings.verify_interval, settings.repairs_drift) == (0.0, True)
    assert configure(**GOOD, verify_interval="90.5", drift="report").verify_interval == 90.5


@pytest.mark.parametrize("given", ["-1", "soon", "nan", "inf", "604801", "1e9"])
def test_an_interval_that_is_none_is_refused(
    configure: Callable[..., Settings], given: str
) -> None:
    expected = "0 for never, or a number of seconds, at most 604800"
    with pytest.raises(BadConfiguration, match=f"^verify-interval: expected {expected}, not"):
        configure(**GOOD, verify_interval=given)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("drift", "drift: expected report or repair, not 'mend'"),
        ("reports", "reports: expected yes or no, not 'mend'"),
    ],
)
def test_what_is_no_choice_is_refused(
    configure: Callable[..., Settings], setting: str, message: str
) -> None:
    with pytest.raises(BadConfiguration, match=f"^{message}$"):
        configure(**GOOD, **{setting: "mend"})
