"""Small real scripts for software to be made of.

They do what the scripts of real applications do, and respect ``TEST_ROOT``.
"""

from __future__ import annotations

from collections.abc import Mapping

_DEPLOY = r"""#!/bin/sh
# zookeeper-deploy [-u] [-r SUBTYPE] PATH N
set -eu
uninstall=
if [ "$1" = -u ]; then uninstall=1; shift; fi
if [ "$1" = -r ]; then shift 2; fi
path=$1 n=$2

home=${0%/bin/*}
app=${home##*/}
number=${app##*-}
case $number in
"$app" | '' | .* | *. | *..* | *[!0-9.]*) ;;
*) app=${app%-*} ;;
esac

case $path in
*[%,]*) name=$(printf %s "${path#/}" | sed 's/%/%25/g; s/,/%2C/g; y|/|,|') ;;
*) set -f; IFS=/; set -- ${path#/}; IFS=,; name=$* ;;
esac
deployed=${TEST_ROOT:-}/etc/$app/$name.$n.deployed

@before@
if [ "$uninstall" ]; then rm -f "$deployed"; else : > "$deployed"; fi
"""


def deploy_script(before: str = "") -> str:
    """Return a ``zookeeper-deploy`` that keeps nothing but the ``.deployed`` file.

    ``before`` are shell commands to run first, ``echo no; exit 1`` say; they
    may use ``$app``, ``$path``, ``$n``, ``$deployed`` and ``$uninstall``.
    """
    return _DEPLOY.replace("@before@", before)


def application(before: str = "") -> Mapping[str, str]:
    """Return the files of an application, relative to its directory."""
    return {"bin/zookeeper-deploy": deploy_script(before)}


def staged_application(build: str = "", before: str = "") -> Mapping[str, str]:
    """Return the files of an application for a checkout; ``build`` are shell commands."""
    return {**application(before), "stage-build": f"#!/bin/sh\nset -eu\n{build}\n"}
