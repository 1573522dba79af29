"""Guards of the product: what each is in the source, and the tests that notice its absence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PRODUCT = "src/zc/zkdeployment"


@dataclass(frozen=True, slots=True)
class Guard:
    """Something in a ``file`` that must not be lost: ``text``, without which ``rest`` is left.

    One of the ``tests``, arguments of pytest, fails without it.
    """

    name: str
    file: str
    text: str
    rest: str
    tests: tuple[str, ...]

    def remove(self, project: Path) -> None:
        """Remove it from a copy of the project; raises ``ValueError`` if it is not there once."""
        path = project / self.file
        source = path.read_text()
        if source.count(self.text) != 1:
            raise ValueError(f"{self.name}: {self.file} has not once {self.text!r}")
        path.write_text(source.replace(self.text, self.rest))


def _guard(name: str, file: str, text: str, rest: str, *tests: str) -> Guard:
    return Guard(name, f"{_PRODUCT}/{file}", text, rest, tests)


GUARDS = (
    _guard(
        "a state file is on the disk before it gets its name",
        "adapters/durable.py",
        "os.fsync(descriptor)",
        "pass",
        "tests/integration/adapters/test_durable.py",
    ),
    _guard(
        "the name of a state file is on the disk",
        "adapters/durable.py",
        "    sync_directory(path.parent)\n",
        "",
        "tests/integration/adapters/test_durable.py",
    ),
    _guard(
        "a state file is replaced in one instant",
        "adapters/durable.py",
        "temporary = path.with_name(",
        "temporary = path or path.with_name(",
        "tests/integration/adapters/test_durable.py",
        "tests/integration/adapters/test_host_state.py",
    ),
    _guard(
        "a version that cannot be read is set aside",
        "adapters/host_state.py",
        "except (OSError, ValueError, RecursionError) as error:",
        "except OSError as error:",
        "tests/integration/adapters/test_host_state.py",
    ),
    _guard(
        "a version that was begun and not reached is remembered",
        "reconcile.py",
        "            self._world.files.begin_version(version)\n",
        "",
        "tests/integration/agent/test_deployments.py",
    ),
    _guard(
        "the intent to stop the fleet outlives the agent",
        "adapters/stop_intent.py",
        "            durable.write(self._path, json.dumps(error[:_LONGEST]))\n",
        "            pass\n",
        "tests/integration/adapters/test_registry.py",
    ),
    _guard(
        "half an intent to stop the fleet is one",
        "adapters/stop_intent.py",
        'return f"an earlier agent meant to stop the fleet; {self._path} cannot be read"',
        "return None",
        "tests/integration/adapters/test_registry.py",
    ),
    _guard(
        "an all stop overwrites nothing that was set meanwhile",
        "adapters/registry.py",
        "self._requests.set(HOSTS, stopped, stat.version)",
        "self._requests.set(HOSTS, stopped, -1)",
        "tests/integration/adapters/test_registry.py",
    ),
    _guard(
        "a second agent with the same host identifier refuses to run",
        "adapters/registry.py",
        """                raise AnotherAgent("Another agent is running")""",
        "                self._requests.delete(self._path)",
        "tests/integration/adapters/test_registry.py",
    ),
    _guard(
        "a second agent on the same machine refuses to run",
        "adapters/single.py",
        "fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        "tests/integration/adapters/test_single.py",
    ),
    _guard(
        "the owner of a lock is its marker, not a place in line",
        "adapters/lock_turns.py",
        "known and len(others) < turn.at_once",
        "True",
        "tests/integration/adapters/test_locks.py",
    ),
    _guard(
        "a lock is taken only as it was seen",
        "adapters/lock_turns.py",
        "encode_markers((*others, self._marker(turn))), look.version)",
        "encode_markers((*others, self._marker(turn))))",
        "tests/integration/adapters/test_lock_faults.py",
    ),
    _guard(
        "a lock is taken only at the version that was seen",
        "adapters/lock_turns.py",
        "            self._fleet.unchanged(),\n",
        "",
        "tests/integration/adapters/test_locks.py",
    ),
    _guard(
        "a lock is given back only as it was seen",
        "adapters/lock_release.py",
        "self._requests.set(now.lock, now.data, now.version)",
        "self._requests.set(now.lock, now.data)",
        "tests/integration/adapters/test_lock_faults.py",
    ),
    _guard(
        "a lock that is given back with the next one is as it was seen",
        "adapters/lock_turns.py",
        "Set(before.lock, before.data, before.version)",
        "Set(before.lock, before.data)",
        "tests/integration/adapters/test_lock_faults.py",
        "tests/integration/adapters/test_lock_turns.py",
    ),
    _guard(
        "a lock of a young node is looked at before it is given back",
        "adapters/lock_release.py",
        "return self.version < _YOUNG",
        "return False",
        "tests/integration/adapters/test_lock_faults.py",
    ),
    _guard(
        "no lock is given back before a stop that is owed is delivered",
        "adapters/lock_release.py",
        "                self._fleet.deliver_stop()\n",
        "",
        "tests/integration/agent/test_locks.py",
        "tests/integration/adapters/test_lock_faults.py",
        "tests/integration/agent/test_hook_and_outages.py",
    ),
    _guard(
        "a lock that was broken is noticed before the next instance",
        "adapters/locks.py",
        "if look is None or not any(map(self._claims.ours, look.markers)):",
        "if False:",
        "tests/integration/adapters/test_locks.py",
        "tests/integration/adapters/test_lock_faults.py",
        "tests/integration/agent/test_locks.py",
    ),
    _guard(
        "a marker of another machine with the same identifier is not taken over",
        "adapters/lock_claims.py",
        "if not marker.of_machine(self.host, self.name, self._boot):",
        "if marker.host != self.host:",
        "tests/integration/adapters/test_lock_namesakes.py",
    ),
    _guard(
        "a marker is not taken over while the agent that set it is at work",
        "adapters/lock_claims.py",
        "return stat is None or session_text(stat.ephemeralOwner) != marker.session",
        "return True",
        "tests/integration/adapters/test_lock_namesakes.py",
    ),
    _guard(
        "nonsense on a lock node counts as a holder",
        "adapters/lock_marker.py",
        "    return (Marker(),)\n",
        "    return ()\n",
        "tests/integration/adapters/test_lock_marker.py",
    ),
    _guard(
        "the fleet is stopped before the lock of a failed node is given back",
        "execute.py",
        "                self.failed(error)\n",
        "",
        "tests/integration/agent/test_locks.py",
    ),
    _guard(
        "before each step it is seen whether the fleet is stopped",
        "reconcile.py",
        "        now = self._cluster.version()\n        _refuse_stop(now)\n",
        "        now = self._cluster.version()\n",
        "tests/integration/agent/test_deployments.py",
        "tests/integration/agent/test_hook_and_outages.py",
    ),
    _guard(
        "a tree is not acted upon if the version changed while it was read",
        "observe.py",
        "    tree = trees.read_tree()\n    check_same()\n",
        "    tree = trees.read_tree()\n",
        "tests/unit/test_observe.py",
    ),
    _guard(
        "a live tree between two versions is not read",
        "adapters/trees.py",
        "if node.exists:",
        "if False:",
        "tests/integration/agent/test_revisions.py",
        "tests/integration/adapters/test_trees.py",
    ),
    _guard(
        "an object of a revision is what its digest says",
        "adapters/revisions.py",
        "if digest_of(found[digest]) != digest:",
        "if False:",
        "tests/integration/publishing/test_tampering.py",
    ),
    _guard(
        "a record is that of the version that it is read for",
        "adapters/revisions.py",
        "if not same_version(record.version, version):",
        "if False:",
        "tests/integration/publishing/test_tampering.py",
        "tests/integration/publishing/test_signed_records.py",
        "tests/integration/agent/test_revisions.py",
    ),
    _guard(
        "a signature is verified",
        "adapters/trust.py",
        "        self._keys.verify(envelope.key, envelope.signature, data)\n",
        "",
        "tests/integration/publishing/test_tampering.py",
        "tests/integration/publishing/test_signed_records.py",
    ),
    _guard(
        "a signature ends",
        "adapters/trust.py",
        "if record.expires is not None and",
        "if False and",
        "tests/integration/publishing/test_signed_records.py",
    ),
    _guard(
        "an older revision is not accepted again",
        "adapters/trust.py",
        "        self._accepted.check(record.serial, digest)\n",
        "",
        "tests/integration/publishing/test_signed_records.py",
    ),
    _guard(
        "what was accepted is remembered",
        "adapters/accepted.py",
        'durable.write(self._path, json.dumps({"serial": serial, "digest": digest}))',
        "pass",
        "tests/integration/adapters/test_accepted.py",
    ),
    _guard(
        "the version flips only if nobody else changed it",
        "adapters/revision_writer.py",
        "Set(HOSTS, hosts, fleet.node_version) if fleet.index",
        "Set(HOSTS, hosts) if fleet.index",
        "tests/integration/publishing/test_stop_meanwhile.py",
    ),
    _guard(
        "one publisher at a time",
        "adapters/publisher_lock.py",
        'if f"{LOCK}/{first}" != place:',
        "if False:",
        "tests/integration/test_sync_fleet.py",
        "tests/integration/test_rollback.py",
    ),
    _guard(
        "a stopped fleet is not published to",
        "publish_rules.py",
        "if fleet.version is None and not limits.force:",
        "if False:",
        "tests/unit/test_publish_rules.py",
    ),
    _guard(
        "a fleet on its way is not published to",
        "publish_rules.py",
        "if host := fleet.behind():",
        "if host := None:",
        "tests/unit/test_publish_rules.py",
    ),
    _guard(
        "most deployments do not go without anybody saying so",
        "publish_rules.py",
        "if not gone or (gone < before and gone <= limits.share * before):",
        "if True:",
        "tests/unit/test_publish_rules.py",
    ),
    _guard(
        "a version is not published twice with different trees",
        "publish_rules.py",
        "if record is not None and record.tree != tree:",
        "if False:",
        "tests/unit/test_publish_rules.py",
    ),
    _guard(
        "what yum installed is looked at",
        "adapters/yum.py",
        "if installed is None or not satisfies(version, installed):",
        "if False:",
        "tests/integration/adapters/test_yum.py",
    ),
    _guard(
        "duplicates that a killed yum left are removed",
        "adapters/yum.py",
        "if installed is None or not installed.duplicates:",
        "if True:",
        "tests/integration/adapters/test_yum.py",
    ),
    _guard(
        "names of software are checked",
        "names.py",
        "    if not is_software(name):",
        "    if False:",
        "tests/unit/test_names.py",
    ),
    _guard(
        "versions are checked",
        "names.py",
        "    if not _package_version(version):",
        "    if False:",
        "tests/unit/test_names.py",
    ),
    _guard(
        "numbers of instances have a limit",
        "names.py",
        "or not 0 <= n <= MAX_INSTANCES",
        "or not 0 <= n",
        "tests/unit/test_names.py",
    ),
    _guard(
        "names of files have a limit",
        "names.py",
        "if len(longest.encode()) > _MAX_FILE_NAME:",
        "if False:",
        "tests/unit/test_names.py",
    ),
    _guard(
        "nothing outside of /opt and /etc can be named",
        "adapters/host_state.py",
        """if name in ("", ".", "..") or "/" in name or "\\0" in name:""",
        "if False:",
        "tests/integration/adapters/test_host_state.py",
    ),
    _guard(
        "what a checkout says of programs is not believed",
        "adapters/git.py",
        "        _distrust(path)\n",
        "",
        "tests/integration/adapters/test_git.py",
    ),
    _guard(
        "no hook of a checkout runs",
        "adapters/git_environment.py",
        '    "core.hooksPath": os.devnull,\n',
        "",
        "tests/integration/adapters/test_git.py",
        "tests/integration/adapters/test_git_source.py",
    ),
    _guard(
        "what a program prints is bounded",
        "adapters/output.py",
        "self._tail = kept[-KEPT:]",
        "self._tail = kept",
        "tests/integration/adapters/test_output.py",
    ),
    _guard(
        "a file that grows while a program prints is emptied",
        "adapters/output.py",
        "if os.fstat(self.fileno()).st_size > _MOST_ON_DISK:",
        "if False:",
        "tests/integration/adapters/test_output.py",
        "tests/integration/adapters/test_commands.py",
    ),
    _guard(
        "a program that takes too long is ended",
        "adapters/commands.py",
        "while (left := deadline - time.monotonic()) > 0 and not self._ending:",
        "while (left := 9.0) and not self._ending:",
        "tests/integration/adapters/test_commands.py",
    ),
    _guard(
        "the name in a server's certificate is checked",
        "connection.py",
        "context.check_hostname = settings.verify_host_name",
        "context.check_hostname = False",
        "tests/integration/security/test_tls.py",
    ),
    Guard(
        "nested data have a limit",
        "src/zc/zk/codec.py",
        "> MAX_NESTING and nesting(properties) > MAX_NESTING",
        "> MAX_NESTING and False",
        ("tests/unit/zk/test_codec.py",),
    ),
    Guard(
        "data of a node have a limit",
        "src/zc/zk/operations.py",
        "if len(data) > MAX_DATA:",
        "if False:",
        ("tests/integration/zk/test_bulk.py", "tests/integration/zk/test_client.py"),
    ),
    Guard(
        "requests have a limit",
        "src/zc/zk/operations.py",
        "if batch and (len(batch) == MAX_OPERATIONS or size > room):",
        "if False:",
        ("tests/integration/zk/test_bulk.py", "tests/unit/zk"),
    ),
    Guard(
        "links of properties have a limit",
        "src/zc/zk/links.py",
        "if followed > MAX_LINKS or any(child == link for link, _ in trail):",
        "if False:",
        ("tests/unit/zk/test_links.py",),
    ),
)
