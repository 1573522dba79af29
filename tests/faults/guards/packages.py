"""Guards of packages."""

from __future__ import annotations

from tests.faults.guards.guard import guard

PACKAGES = (
    guard(
        "what yum installed is looked at",
        "adapters/yum.py",
        "if installed is None or not satisfies(version, installed):",
        "if False:",
        "tests/integration/adapters/test_yum.py",
    ),
    guard(
        "duplicates that a killed yum left are removed",
        "adapters/yum.py",
        "if installed is None or not installed.duplicates:",
        "if True:",
        "tests/integration/adapters/test_yum.py",
    ),
    guard(
        "a package that was cut off is not whole",
        "packages.py",
        "if installed.duplicates or installed.cut_off:",
        "if installed.duplicates:",
        "tests/integration/adapters/test_yum_faults.py",
    ),
    guard(
        "a package that may be in part is installed once more",
        "adapters/yum.py",
        "if missing or (suspect and not ran_transaction(said)):",
        "if missing:",
        "tests/integration/adapters/test_yum_faults.py",
    ),
    guard(
        "a package whose files are gone is installed once more",
        "adapters/yum.py",
        "if missing or (suspect and not ran_transaction(said)):",
        "if suspect and not ran_transaction(said):",
        "tests/integration/adapters/test_yum_faults.py",
    ),
    guard(
        "who holds the database of packages is waited for",
        "package_output.py",
        "    found = _busy(output)\n",
        "    found = None\n",
        "tests/integration/adapters/test_yum_faults.py",
    ),
    guard(
        "a database of packages that cannot be read is no empty one",
        "package_output.py",
        "    found = _unreadable(output)\n",
        "    found = None\n",
        "tests/integration/adapters/test_yum_faults.py",
    ),
)
