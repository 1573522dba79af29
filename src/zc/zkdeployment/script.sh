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
# a later deployment writes it no more. Relative paths are below $etc.
write_file() {
    zkdeploy_find "$1"
    zkdeploy_new=$(dirname -- "$zkdeploy_file")/.$(basename -- "$zkdeploy_file").new
    # A function that is called in a condition goes on after errors, whatever "set -e" says.
    {
        mkdir -p -- "$(dirname -- "$zkdeploy_file")" && rm -f -- "$zkdeploy_new" &&
            (umask 077 && cat >"$zkdeploy_new") && chmod "${2:-644}" "$zkdeploy_new" &&
            printf '%s\n' "$zkdeploy_shown" >>"$zkdeploy_written"
    } || fail "cannot write $zkdeploy_file"
    if [ -f "$zkdeploy_file" ] && [ ! -L "$zkdeploy_file" ] &&
        cmp -s -- "$zkdeploy_new" "$zkdeploy_file" &&
        [ "$(stat -c %a -- "$zkdeploy_new")" = "$(stat -c %a -- "$zkdeploy_file")" ]; then
        rm -f -- "$zkdeploy_new"
        return
    fi
    zkdeploy_sync "$zkdeploy_new"
    zkdeploy_note "$zkdeploy_shown" || fail "cannot write $zkdeploy_file"
    # mv would move it to where a link to a directory leads
    if [ -L "$zkdeploy_file" ]; then rm -f -- "$zkdeploy_file"; fi
    mv -f -- "$zkdeploy_new" "$zkdeploy_file" || fail "cannot write $zkdeploy_file"
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
        zkdeploy_known | zkdeploy_others | while IFS= read -r zkdeploy_each; do
            zkdeploy_note "$zkdeploy_each"
            printf '%s\n' "$zkdeploy_each"
        done | zkdeploy_remove
        mkdir -p -- "$etc"
        sort -u "$zkdeploy_written" >"$etc/.$name.new"
        zkdeploy_sync "$etc/.$name.new"
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
    case $root in '' | /*) ;; *) root=$PWD/$root ;; esac
    etc=$root/etc/$app
    name=$(printf %s "${path#/}" | sed 's/%/%25/g; s/,/%2C/g; y|/|,|').$n
}

# Sets zkdeploy_file to the path of a file, and zkdeploy_shown to how lists have it: relative
# to the root, in one way only.
zkdeploy_find() {
    case $1 in /*) zkdeploy_file=$1 ;; *) zkdeploy_file=$etc/$1 ;; esac
    zkdeploy_shown=${zkdeploy_file#"$root"/}
    case $zkdeploy_shown in
        *//* | */./*) zkdeploy_shown=$(printf %s "$zkdeploy_shown" | sed 's|/\(\./\)*|/|g; s|//*|/|g') ;;
    esac
    case /$zkdeploy_shown/ in
        //* | */./* | */../* | *//* | *"
"*) fail "$1 cannot be a file of an instance" ;;
    esac
    zkdeploy_file=$root/$zkdeploy_shown
    if [ -d "$zkdeploy_file" ] && [ ! -L "$zkdeploy_file" ]; then fail "$1 is a directory"; fi
}

# Remembers, over a crash too, that a file changes, before it does.
zkdeploy_note() {
    mkdir -p -- "$etc" && printf '%s\n' "$1" >>"$etc/$name.changed" || return
    zkdeploy_sync "$etc/$name.changed"
}

zkdeploy_sync() {
    sync -- "$1" 2>/dev/null || true # as far as this system can do it
}

# Prints the files that earlier runs wrote.
zkdeploy_known() {
    for zkdeploy_each in "$etc/$name.deployed" "$etc/$name.changed"; do
        if [ -e "$zkdeploy_each" ]; then cat -- "$zkdeploy_each"; fi
    done | grep -Ev '^$|^/|(^|/)\.\.(/|$)|//|/$' | sort -u
}

# Leaves out what this run wrote. Not every grep can do with an empty list.
zkdeploy_others() {
    if [ -s "$zkdeploy_written" ]; then grep -Fvx -f "$zkdeploy_written"; else cat; fi
}

zkdeploy_remove() {
    while IFS= read -r zkdeploy_each; do
        rm -f -- "$root/$zkdeploy_each"
    done
}
