"""Files and services that settings come from, and that hold up or take in whoever asks them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zc.zkdeployment.errors import BadConfiguration
from zc.zkdeployment.settings.setting_files import read_ini, read_text, resolve


@pytest.fixture
def trickle() -> Iterator[str]:
    """The URL of a service that sends a header and never ends it."""
    closing = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.0 200 OK\r\nX: ")
                while not closing.wait(0.02):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        closing.set()
        thread.join()


def test_a_service_that_is_never_silent_does_not_hold_up_the_agent(trickle: str) -> None:
    with pytest.raises(BadConfiguration, match=r"^role: .* cannot be read: it takes too long"):
        resolve("role", trickle, "/", 0.1)


@pytest.mark.parametrize(
    "url",
    [
        *("http://[::1", "http://", "http:///x", "http://127.0.0.1:x/", "http://127.0.0.1:99999/"),
        *(
            f"http://{'a' * 70}/",
            "http://a..b/",
            "http://a b/",
            "http://\x7f/",
            "http://127.0.0.1:1/é",
        ),
        f"http://127.0.0.1:1/{'x' * 60_000}",
    ],
)
def test_what_is_no_url_is_an_error_in_a_few_words(url: str) -> None:
    with pytest.raises(BadConfiguration, match=r"^role: http:") as caught:
        resolve("role", url, "/", 1)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_does_not_hold_up_the_agent(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "file"
    make(path)
    for read in (lambda: read_text("role", str(path)), lambda: read_ini(str(path))):
        with pytest.raises(BadConfiguration, match="cannot be read"):
            read()
    with pytest.raises(BadConfiguration, match="cannot be read"):
        resolve("role", "file:///file", str(tmp_path), 1)


def test_a_file_of_many_mistakes_is_told_of_in_a_few_words(tmp_path: Path) -> None:
    path = tmp_path / "agent.conf"
    for text in ("[a]\n" + "x\n" * 10_000, "[a]\n" + "x" * 60_000, f"[{'x' * 60_000}]\n" * 2):
        path.write_text(text)
        with pytest.raises(
            BadConfiguration, match=r"is longer than|is not in INI format"
        ) as caught:
            read_ini(str(path))
        assert len(str(caught.value)) < 1000
