# What both kinds of package do on a host, besides to carry files. Nothing is enabled or
# started by an installation: who this host is has to be said first.

units="zkdeployment-agent.service zkdeployment-notify.service zkdeployment-sync.service
    zkdeployment-web.service"

has_systemd() {
    [ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

# Compiled once, by the Python of this host, and not again by everyone who runs zkdeploy.
# Of the many languages that pygments knows only few are ever shown. What an earlier version
# left goes first: it may look as if it was of the new one.
compile() {
    remove_compiled
    @python@ -I -m compileall -q -x 'pygments/(lexers|styles)/' /usr/lib/zkdeployment/lib ||
        echo "zkdeployment: not compiled; it starts more slowly" >&2
}

remove_compiled() {
    find /usr/lib/zkdeployment/lib -depth -type d -name __pycache__ -exec rm -rf {} +
    find /usr/lib/zkdeployment/lib -depth -mindepth 1 -type d -empty -delete
}

reload_units() {
    if has_systemd; then systemctl daemon-reload || true; fi
}

# An update leaves what runs alone, unless the host says otherwise by this file. The restart
# is not waited for: the update may be a step of the agent that is restarted.
restart_if_asked() {
    if has_systemd && [ -e /etc/zkdeployment/restart-on-update ]; then
        # shellcheck disable=SC2086 # a list of names
        systemctl --no-block try-restart $units || true
    fi
}

# Nor is the end waited for where the removal is a step of the agent, which ends after that only.
stop_units() {
    wait=
    if grep -q /zkdeployment-agent.service /proc/self/cgroup; then wait=--no-block; fi
    # shellcheck disable=SC2086 # lists of options and of names
    if has_systemd; then systemctl --no-reload $wait disable --now $units || true; fi
}
