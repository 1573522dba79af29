"""Guards of what a host keeps and runs."""

from __future__ import annotations

from tests.faults.guards.guard import guard

HOST = (
    guard(
        "a state file is on the disk before it gets its name",
        "adapters/durable.py",
        "os.fsync(descriptor)",
        "pass",
        "tests/integration/adapters/test_durable.py",
    ),
    guard(
        "the name of a state file is on the disk",
        "adapters/durable.py",
        "    sync_directory(path.parent)\n",
        "",
        "tests/integration/adapters/test_durable.py",
    ),
    guard(
        "a state file is replaced in one instant",
        "adapters/durable.py",
        "temporary = path.with_name(",
        "temporary = path or path.with_name(",
        "tests/integration/adapters/test_durable.py",
        "tests/integration/adapters/test_host_state.py",
    ),
    guard(
        "a version that cannot be read is set aside",
        "adapters/version_file.py",
        "except (OSError, ValueError, RecursionError) as error:",
        "except OSError as error:",
        "tests/integration/adapters/test_host_state.py",
    ),
    guard(
        "the intent to stop the fleet outlives the agent",
        "adapters/stop_intent.py",
        "            durable.write(self._path, json.dumps(error[:_LONGEST]))\n",
        "            pass\n",
        "tests/integration/adapters/test_registry.py",
    ),
    guard(
        "half an intent to stop the fleet is one",
        "adapters/stop_intent.py",
        'return f"an earlier agent meant to stop the fleet; {self._path} cannot be read"',
        "return None",
        "tests/integration/adapters/test_registry.py",
    ),
    guard(
        "a second agent on the same machine refuses to run",
        "adapters/single.py",
        "fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        "tests/integration/adapters/test_single.py",
    ),
    guard(
        "nothing outside of /opt and /etc can be named",
        "adapters/names_inside.py",
        """if name in ("", ".", "..") or "/" in name or "\\0" in name:""",
        "if False:",
        "tests/integration/adapters/test_host_state.py",
    ),
    guard(
        "what a program prints is bounded",
        "adapters/output.py",
        "self._tail = kept[-self._kept :]",
        "self._tail = kept",
        "tests/integration/adapters/test_output.py",
    ),
    guard(
        "a file that grows while a program prints is emptied",
        "adapters/output.py",
        "if os.fstat(self.fileno()).st_size > _MOST_ON_DISK:",
        "if False:",
        "tests/integration/adapters/test_output.py",
        "tests/integration/adapters/test_commands.py",
    ),
    guard(
        "a program that takes too long is ended",
        "adapters/commands.py",
        "while (left := deadline - time.monotonic()) > 0 and not self._ending:",
        "while (left := 9.0) and not self._ending:",
        "tests/integration/adapters/test_commands.py",
    ),
)
