# What a zookeeper-deploy script needs, where it is written in sh: docs/scripts.md.
#
#     #!/bin/sh
#     . /usr/share/zkdeployment/zkdeploy-script.sh
#
#     deploy() {
#         read_properties
#         write_file "$etc/$name.conf" <<EOF
#     port ${zk_port:-8080}
#     EOF
#         if changed; then systemctl restart "web@$name"; fi
#     }
#
#     undeploy() {
#         systemctl stop "web@$name"
#     }
#
#     zkdeploy_main "$@"
#
# Variables: app, path, n, subtype (empty for none); name is what the files of the instance
# are called, PATH.N with "," for "/"; home is /opt/NAME, etc is /etc/APP, both below root,
# which is empty except in tests.
# shellcheck shell=sh
set -eu

# Ends the script; the text says why, in one line, to whoever reads the log.
fail() {
    printf 'zookeeper-deploy: %s\n' "$*" >&2
    exit 1
}

# Sets zk_NAME for each property of the node, also those behind property links. Other nodes:
# read_properties /defaults default_ sets default_NAME.
read_properties() {
    zkdeploy_assignments=$(zkdeploy tree get --shell "${2:-zk_}" "${1:-$path}") ||
        fail "cannot read the properties of ${1:-$path}"
    eval "$zkdeploy_assignments"
}

# write_file FILE [MODE]: has a file with the text that standard input holds. It is replaced
# in one instant, and not touched if nothing differs. It goes away with the instance, and when
# a later deployment writes it no more.
write_file() {
    zkdeploy_new=$(dirname -- "$1")/.$(basename -- "$1").new
    zkdeploy_mode=${2:-644}
    mkdir -p -- "$(dirname -- "$1")"
    rm -f -- "$zkdeploy_new"
    (umask 077 && cat >"$zkdeploy_new")
    chmod "$zkdeploy_mode" "$zkdeploy_new"
    zkdeploy_shown=${1#"$root"/}
    printf '%s\n' "$zkdeploy_shown" >>"$zkdeploy_written"
    if [ -f "$1" ] && [ ! -L "$1" ] && cmp -s -- "$zkdeploy_new" "$1" &&
        [ "$(stat -c %a -- "$zkdeploy_new")" = "$(stat -c %a -- "$1")" ]; then
        rm -f -- "$zkdeploy_new"
        return
    fi
    zkdeploy_note "$zkdeploy_shown"
    mv -f -- "$zkdeploy_new" "$1"
}

# Tells whether any file changed since the script last succeeded: a restart is due. A script
# that was killed, or failed, between a change and the restart finds that the next time.
changed() {
    [ -e "$etc/$name.changed" ]
}

# A script without one has nothing to do but what is done anyway.
undeploy() {
    :
}

zkdeploy_main() {
    zkdeploy_uninstall='' subtype=''
    while getopts ur: zkdeploy_option; do
        case $zkdeploy_option in
            u) zkdeploy_uninstall=1 ;;
            r) subtype=$OPTARG ;;
            *) zkdeploy_usage ;;
        esac
    done
    shift $((OPTIND - 1))
    [ $# = 2 ] || zkdeploy_usage
    path=$1 n=$2
    case $path in /*) ;; *) zkdeploy_usage ;; esac
    case $n in '' | *[!0-9]*) zkdeploy_usage ;; esac
    zkdeploy_places
    zkdeploy_written=$(mktemp)
    trap 'rm -f "$zkdeploy_written"' EXIT
    if [ "$zkdeploy_uninstall" ]; then
        undeploy
        zkdeploy_known | zkdeploy_remove
        rm -f -- "$etc/$name.deployed" "$etc/$name.changed"
    else
        deploy
        zkdeploy_known | grep -Fvx -f "$zkdeploy_written" | while IFS= read -r zkdeploy_each; do
            zkdeploy_note "$zkdeploy_each"
            printf '%s\n' "$zkdeploy_each"
        done | zkdeploy_remove
        mkdir -p -- "$etc"
        sort -u "$zkdeploy_written" >"$etc/.$name.new"
        mv -f -- "$etc/.$name.new" "$etc/$name.deployed"
        rm -f -- "$etc/$name.changed"
    fi
}

zkdeploy_usage() {
    echo "usage: zookeeper-deploy [-u] [-r SUBTYPE] PATH N" >&2
    exit 2
}

# Sets app, name, home, etc and root.
zkdeploy_places() {
    home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
    app=${home##*/}
    zkdeploy_number=${app##*-}
    case $zkdeploy_number in
        "$app" | '' | .* | *. | *..* | *[!0-9.]*) ;;
        *) app=${app%-*} ;;
    esac
    root=${TEST_ROOT:-}
    root=${root%/}
    etc=$root/etc/$app
    name=$(printf %s "${path#/}" | sed 's/%/%25/g; s/,/%2C/g; y|/|,|').$n
}

# Remembers, over a crash too, that a file changes, before it does.
zkdeploy_note() {
    mkdir -p -- "$etc"
    printf '%s\n' "$1" >>"$etc/$name.changed"
    sync -- "$etc/$name.changed" 2>/dev/null || true # as far as this system can do it
}

# Prints the files that earlier runs wrote.
zkdeploy_known() {
    for zkdeploy_each in "$etc/$name.deployed" "$etc/$name.changed"; do
        if [ -e "$zkdeploy_each" ]; then cat -- "$zkdeploy_each"; fi
    done | grep -Ev '^$|^/|(^|/)\.\.(/|$)|//|/$' | sort -u
}

zkdeploy_remove() {
    while IFS= read -r zkdeploy_each; do
        rm -f -- "$root/$zkdeploy_each"
    done
}
