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
        "what dnf and apt installed is looked at",
        "adapters/package_sets.py",
        "                if self._unmet(wanted):\n",
        "                if False:\n",
        "tests/integration/adapters/test_dnf.py",
        "tests/integration/adapters/test_apt.py",
    ),
    guard(
        "what a failed transaction changed is put back",
        "adapters/package_undo.py",
        "            _undo(programs, before, now)\n",
        "            pass\n",
        "tests/integration/adapters/test_dnf.py",
        "tests/integration/adapters/test_apt.py",
    ),
    guard(
        "what cannot be put back stays remembered as cut off",
        "adapters/package_undo.py",
        "if changed := difference(before, now) or trouble:",
        "if changed := trouble:",
        "tests/integration/adapters/test_dnf.py",
    ),
    guard(
        "dnf removes nothing that a tree needs",
        "adapters/dnf.py",
        "(*_PROTECTED, *sorted(keep))",
        "_PROTECTED",
        "tests/integration/adapters/test_dnf.py",
    ),
    guard(
        "apt removes nothing that a tree needs",
        "adapters/apt.py",
        "if along := sorted(parse_simulated_removal(simulated) & set(keep)):",
        "if along := []:",
        "tests/integration/adapters/test_apt.py",
    ),
    guard(
        "a package that was cut off is not whole",
        "tree/packages.py",
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
        "host/package_output.py",
        "    found = _busy(output)\n",
        "    found = None\n",
        "tests/integration/adapters/test_yum_faults.py",
    ),
    guard(
        "a database of packages that cannot be read is no empty one",
        "host/package_output.py",
        "    found = _unreadable(output)\n",
        "    found = None\n",
        "tests/integration/adapters/test_yum_faults.py",
    ),
)
