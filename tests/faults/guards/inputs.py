"""Guards against what is read."""

from __future__ import annotations

from tests.faults.guards.guard import Guard, guard

INPUTS = (
    guard(
        "names of software are checked",
        "names.py",
        "    if not is_software(name):",
        "    if False:",
        "tests/unit/test_names.py",
    ),
    guard(
        "versions are checked",
        "names.py",
        "    if not _package_version(version):",
        "    if False:",
        "tests/unit/test_names.py",
    ),
    guard(
        "numbers of instances have a limit",
        "names.py",
        "or not 0 <= n <= MAX_INSTANCES",
        "or not 0 <= n",
        "tests/unit/test_names.py",
    ),
    guard(
        "names of files have a limit",
        "names.py",
        "if len(longest.encode()) > _MAX_FILE_NAME:",
        "if False:",
        "tests/unit/test_names.py",
    ),
    guard(
        "what a checkout says of programs is not believed",
        "adapters/git.py",
        "        _distrust(path)\n",
        "",
        "tests/integration/adapters/test_git.py",
    ),
    guard(
        "no hook of a checkout runs",
        "adapters/git_environment.py",
        '    "core.hooksPath": os.devnull,\n',
        "",
        "tests/integration/adapters/test_git.py",
        "tests/integration/adapters/test_git_source.py",
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
