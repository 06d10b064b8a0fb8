#!/usr/bin/env bash
# Runs a command in a root of Debian's unstable suite, which has the newest
# versions of CPython: tests/debian_root.sh COMMAND ARGUMENT... The root is made
# at first use, in target/debian-unstable, from the mirror that this machine's own
# list of packages names. The checkout and the tools of Rust are the same there and
# have the same paths, and so is Apache's compiler, unless /usr/bin/thrift is asked
# for; what is mounted for that is gone when the command ends.
# It needs root, and an apt with mmdebstrap.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

root=$PWD/target/debian-unstable
# A compiler for Rust to link with, and for the peers that have no wheels for
# these versions.
packages=(ca-certificates g++ make python3.{14,15}{,-dev,-venv})

if [ "$(id -u)" != 0 ]; then
    echo "${BASH_SOURCE[0]} has to be run as root." >&2
    exit 1
fi
# In a namespace of its own, where mounts end with the last process.
if [ -z "${IN_MOUNT_NAMESPACE:-}" ]; then
    IN_MOUNT_NAMESPACE=1 exec unshare --mount --propagation private "$PWD/tests/debian_root.sh" "$@"
fi
unset IN_MOUNT_NAMESPACE

make_root() {
    command -v mmdebstrap >/dev/null || {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap
    }
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Label: Debian' 'Component: main' | head -n 1)
    if [ -z "$mirror" ]; then
        echo 'apt names no mirror of Debian; run apt-get update.' >&2
        return 1
    fi
    rm -rf "$root" "$root.new"
    echo "Making a root of Debian's unstable suite, for ${packages[*]}"
    # The release file of a mirror that is kept for a while has expired.
    mmdebstrap --quiet --variant=apt --include="${packages[*]}" \
        --aptopt='Acquire::Check-Valid-Until "false"' \
        sid "$root.new" "deb [trusted=yes] $mirror sid main" || {
        echo "Debian's unstable suite does not give ${packages[*]} (any more?)." >&2
        return 1
    }
    echo "${packages[*]}" >"$root.new/packages"
    mv "$root.new" "$root"
}

# At the same path, or at the one that is named. What another run has mounted there
# stays: the file below is made only once.
show() {
    local target=$root${2:-$1}
    # A directory, a file, or nothing.
    if [ -d "$1" ]; then
        mkdir -p "$target"
    elif [ -e "$1" ]; then
        mkdir -p "$(dirname "$target")"
        [ ! -L "$target" ] || rm "$target"
        [ -e "$target" ] || touch "$target"
    else
        return 0
    fi
    mount --rbind "$1" "$target"
}

toolchain=$(rustc --print sysroot)
case $toolchain in
    /usr | /usr/local)
        echo 'A toolchain of Rust that is a directory of its own is needed, as from rustup.' >&2
        exit 1
        ;;
esac
[ "$(cat "$root/packages" 2>/dev/null)" = "${packages[*]}" ] || make_root

export CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}"
mkdir -p "$CARGO_HOME"
for path in /proc /dev "$PWD" "$toolchain" "$CARGO_HOME" \
    /etc/{hosts,resolv.conf,pip.conf} /etc/ssl/certs/ca-certificates.crt; do
    show "$path"
done
# Found before a newer one of Debian's, which is in /usr/bin.
show "$(command -v thrift || true)" /usr/local/bin/thrift
export PATH=$toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec chroot "$root" /usr/bin/env --chdir="$PWD" "$@"
