"""What an agent finds on ``PATH`` there: programs that tell what they were called with.

They do so while ``state/telling`` is there, in the file ``argv``: see
:mod:`tests.faults.corpus_host`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from zc.zkdeployment.lab.packages import write_file
from zc.zkdeployment.lab.scripts import deploy_script

# Fields end with US, calls with RS: what is printed at once is not mixed with anything else.
_TELL = """\
#!/bin/sh
call=$(printf '%s\\037' {name} "$@"; printf '\\036')
[ ! -e {directory}/state/telling ] || printf %s "$call" >>{directory}/argv
"""

# It knows a package as NAME-VERSION where NAME is in "known", with the kind of its scripts.
_YUM = (
    _TELL
    + """\
cd {directory}/state || exit 1
spec=
for spec in "$@"; do :; done
case $1,$2 in
-q,list)
    [ -f "installed/$spec" ] || exit 1
    version=$(cat "installed/$spec")
    case $version in *-*) ;; *) version=$version-1 ;; esac
    echo "$spec.noarch $version @lab"
    exit ;;
-y,clean) exit ;;
-y,remove) rm -rf "installed/$spec" "{directory}/root/opt/$spec"; exit ;;
esac
while read -r name kind; do
    case $spec in
    "$name" | "$name-"*)
        version=${{spec#"$name"}}
        echo "${{version#-}}" >"installed/$name"
        mkdir -p "{directory}/root/opt/$name"
        cp -r "scripts/$kind" "{directory}/root/opt/$name/bin"
        exit ;;
    esac
done <known
echo "No match for argument: $spec"
exit 1
"""
)
_VCS = (
    _TELL
    + 'if [ -e {directory}/state/real ]; then exec {real} "$@"; fi\necho unreachable\nexit 1\n'
)


def write_programs(directory: Path) -> None:
    """Write them, and the scripts of packages."""
    write_file(directory / "bin/sprung", f"#!/bin/sh\necho sprung >>{directory}/mark\n")
    write_file(directory / "bin/yum", _YUM.format(name="yum", directory=directory))
    for name in ("git", "svn"):
        real = shutil.which(name)
        text = _VCS.format(name=name, directory=directory, real=real)
        write_file(directory / "bin" / name, text)
    scripts = directory / "state/scripts"
    write_file(scripts / "application/zookeeper-deploy", telling_script(directory))
    tell = _TELL.format(name='"$0"', directory=directory)
    for name in ("starting-deployments", "ending-deployments"):
        write_file(scripts / "controller" / name, tell)


def telling_script(directory: Path) -> str:
    """Return a ``zookeeper-deploy`` that tells what it was called with."""
    return _TELL.format(name='"$0"', directory=directory) + deploy_script()
