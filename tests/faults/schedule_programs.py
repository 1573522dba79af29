"""The programs of a host in a random schedule: a package manager, and what it installs.

The package manager does what dnf does as far as that matters here: what it has installed it
does not install again, and it neither knows nor cares whether somebody deleted its files.
"""

from __future__ import annotations

from pathlib import Path

from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.scripts import deploy_script

# Scripts tell an oracle outside ZooKeeper; a line is written at once, so lines do not mix.
# The uptime goes on while a process is stopped, and no clock is set back.
_BEFORE = """\
tell() {
    read -r up </proc/uptime
    echo "$1 $path $n ${uninstall:-0} @host@ ${up%% *}" >>"@oracle@"
}
undo() {
    [ -e "$deployed" ] || rm -f "$conf"
    exit 4
}
tell begin
trap 'tell end' EXIT
sleep 0.0$((${#path} % 5 + 1))
if [ -e "$TEST_ROOT/fail" ]; then rm "$TEST_ROOT/fail"; echo "told to fail"; exit 3; fi
conf=${deployed%.deployed}.conf
if [ "$uninstall" ]; then rm -f "$conf"; else echo "@version@" >"$conf" || undo; fi
"""

_YUM = """\
#!/bin/sh
set -eu
installed=$TEST_ROOT/var/lib/yum
mkdir -p "$installed"
put() {
    mkdir -p "$TEST_ROOT/opt/$1/bin"
    sed "s/@version@/$2/" "@template@" >"$TEST_ROOT/opt/$1/bin/new"
    chmod +x "$TEST_ROOT/opt/$1/bin/new"
    mv "$TEST_ROOT/opt/$1/bin/new" "$TEST_ROOT/opt/$1/bin/zookeeper-deploy"
    echo "$2" >"$installed/$1"
}
case "$*" in
"-q list installed "*)
    [ -s "$installed/$4" ] || exit 1
    echo "$4.noarch $(cat "$installed/$4")-1 @lab"
    exit ;;
"-y clean all")
    exit ;;
esac
name=${3%%-*} version=${3#"$name"} now=none
version=${version#-} version=${version#0:}
[ ! -s "$installed/$name" ] || now=$(cat "$installed/$name")
lower=$(printf '%s\\n' "$now" "$version" | sort | head -1)
case "$2 $now $lower" in
"install none "* | "install $lower $now" | "downgrade $now $version")
    [ "$now" != "$version" ] || { echo "Package $3-1.noarch is already installed."; exit; }
    put "$name" "$version" ;;
reinstall*)
    put "$name" "$now" ;;
remove*)
    rm -rf "$installed/$name" "$TEST_ROOT/opt/$name" ;;
*)
    echo "Nothing to do."
    exit ;;
esac
echo "Running transaction"
echo "Complete!"
"""


def write_programs(directory: Path, host: str, oracle: Path) -> None:
    """Write ``directory/yum``, and the script of the software that it installs."""
    template = directory / "template"
    told = _BEFORE.replace("@host@", host).replace("@oracle@", str(oracle))
    write_file(template, deploy_script(told))
    write_file(directory / "yum", _YUM.replace("@template@", str(template)))
