"""The scripts of the software that the demo deploys."""

from __future__ import annotations

from pathlib import Path

_DEPLOY = """\
#!/bin/sh
# zookeeper-deploy [-u] PATH N: deploys instance N of the node PATH, with -u takes it away.
set -eu
action=deploy
if [ "$1" = -u ]; then
    action=remove
    shift
fi
deployed=$TEST_ROOT/etc/{app}/$(echo "${{1#/}}" | tr / ,).$2.deployed
if [ $action = remove ]; then
    rm -f "$deployed"
    exit
fi
echo "{app} {version}: deploying instance $2 of $1"
sleep "$(cat '{pace}')"
{end}
"""

_SUCCEED = """echo '{version}' >"$deployed\""""
_FAIL = """\
echo '{app} {version}: {why}' >&2
exit 1"""

#: Builds a checkout of the demo; an agent runs it in the checkout's directory.
STAGE_BUILD = """\
#!/bin/sh
set -eu
mkdir -p bin
cp zookeeper-deploy.sh bin/zookeeper-deploy
chmod +x bin/zookeeper-deploy
"""


def zookeeper_deploy(app: str, version: str, pace: Path, failure: str | None = None) -> str:
    """Return a script that deploys instances of ``app``.

    It takes as many seconds as the file ``pace`` says. The file that it leaves
    in ``/etc/APP`` holds ``version``; with a ``failure`` it prints that and
    fails instead.
    """
    end = (
        _SUCCEED.format(version=version)
        if failure is None
        else _FAIL.format(app=app, version=version, why=failure)
    )
    return _DEPLOY.format(app=app, version=version, pace=pace, end=end)
