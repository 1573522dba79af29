"""``python -m zc.zkdeployment.cli`` is ``zkdeploy``."""

from zc.zkdeployment.cli import main

main(prog_name="zkdeploy")
