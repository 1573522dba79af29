"""Where the kernel shows the control group of a process."""

from __future__ import annotations

import pytest

from zc.zkdeployment.adapters.control_groups import own_group

UNIFIED = (
    "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
    "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
)
HYBRID = (
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 master:1 - cgroup2 cgroup2 rw\n"
)
BOUND = r"50 22 0:26 /system.slice/a\040b /mnt/c\134d rw - cgroup2 cgroup rw" + "\n"


@pytest.mark.parametrize(
    ("groups", "mounts", "expected"),
    [
        ("0::/system.slice/a.service\n", UNIFIED, "/sys/fs/cgroup/system.slice/a.service"),
        ("0::/\n", UNIFIED, "/sys/fs/cgroup"),
        ("9:name=systemd:/x\n1:cpu:/y\n0::/z\n", HYBRID, "/sys/fs/cgroup/unified/z"),
        ("0::/a:b\n", UNIFIED, "/sys/fs/cgroup/a:b"),
        ("0::/system.slice/a b/c\n", BOUND, "/mnt/c\\d/c"),
        ("0::/system.slice/a b/c\n", BOUND + UNIFIED, "/mnt/c\\d/c"),
        ("0::/other\n", BOUND + UNIFIED, "/sys/fs/cgroup/other"),
        ("0::/system.slice/a bc\n", BOUND, None),  # not mounted here
        ("0::/../outside\n", UNIFIED, None),  # of another namespace
        ("1:cpu:/y\n", UNIFIED, None),  # version 1 only
        ("0::/z\n", HYBRID.splitlines()[0] + "\n", None),
        ("", "", None),
        ("0::/z\n", "garbage\n- cgroup2\n / - cgroup2 x\n\n", None),
    ],
)
def test_the_directory_of_a_group_is_found_wherever_it_is_mounted(
    groups: str, mounts: str, expected: str | None
) -> None:
    assert own_group(groups, mounts) == expected
