"""Guards of an agent in its fleet: stops, versions, sessions."""

from __future__ import annotations

from tests.faults.guards.guard import guard

FLEET = (
    guard(
        "a version that was begun and not reached is remembered",
        "host/reconcile.py",
        "        self._world.files.begin_version(version)\n        deploying.run",
        "        deploying.run",
        "tests/integration/agent/test_deployments.py",
    ),
    guard(
        "an all stop overwrites nothing that was set meanwhile",
        "adapters/registry.py",
        "self._requests.set(HOSTS, stopped, stat.version)",
        "self._requests.set(HOSTS, stopped, -1)",
        "tests/integration/adapters/test_registry.py",
    ),
    guard(
        "a second agent with the same host identifier refuses to run",
        "adapters/registry.py",
        """                raise AnotherAgent("Another agent is running")""",
        "                self._requests.delete(self._path)",
        "tests/integration/adapters/test_registry.py",
    ),
    guard(
        "the fleet is stopped before the lock of a failed node is given back",
        "host/execute.py",
        "                self.failed(error)\n",
        "",
        "tests/integration/agent/test_locks.py",
    ),
    guard(
        "before each step it is seen whether the fleet is stopped",
        "host/permission.py",
        "        now = self._cluster.version()\n        _refuse_stop(now)\n",
        "        now = self._cluster.version()\n",
        "tests/integration/agent/test_deployments.py",
        "tests/integration/agent/test_hook_and_outages.py",
    ),
    guard(
        "a tree is not acted upon if the version changed while it was read",
        "host/observe.py",
        "    tree = trees.read_tree()\n    check_same()\n",
        "    tree = trees.read_tree()\n",
        "tests/unit/host/test_observe.py",
    ),
    guard(
        "a live tree between two versions is not read",
        "adapters/trees.py",
        "if node.exists:",
        "if False:",
        "tests/integration/agent/test_revisions.py",
        "tests/integration/adapters/test_trees.py",
    ),
    guard(
        "the name in a server's certificate is checked",
        "connection.py",
        "context.check_hostname = settings.verify_host_name",
        "context.check_hostname = False",
        "tests/integration/security/test_tls.py",
    ),
    guard(
        "what is newest is what the leader knows",
        "adapters/requests.py",
        "            self._client.sync_async(path)\n",
        "",
        "tests/integration/adapters/test_outages.py",
    ),
    guard(
        "a look is not believed where the session may have ended",
        "adapters/hosts_node.py",
        "if afresh or not self._watching or not self._clock.runs():",
        "if afresh or not self._watching:",
        "tests/integration/adapters/test_outages.py",
    ),
    guard(
        "a session that may have ended vouches for nothing",
        "adapters/hosts_node.py",
        " and self._clock.runs()\n",
        "\n",
        "tests/integration/adapters/test_outages.py",
    ),
    guard(
        "a hook is not begun without ZooKeeper",
        "host/reconcile.py",
        "            self._permission.look(afresh=True)\n        except (Abandoned",
        "            pass\n        except (Abandoned",
        "tests/integration/agent/test_hook_and_outages.py",
    ),
    guard(
        "a connection that ended by itself ends the agent",
        "host/reconcile.py",
        "                if not self._permission.is_over:\n                    raise  # there",
        "                if False:\n                    raise  # there",
        "tests/integration/agent/test_hook_and_outages.py",
    ),
    guard(
        "an agent that ends does not wait for ZooKeeper",
        "agent.py",
        "            elif time.monotonic() - away_since > _LAST_PATIENCE:",
        "            elif False:",
        "tests/integration/cli/test_agent.py",
    ),
    guard(
        "that ZooKeeper is away is shown",
        "host/reconcile.py",
        "        self._status.away(since)\n",
        "",
        "tests/integration/agent/test_hook_and_outages.py",
    ),
)
