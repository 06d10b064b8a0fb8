#!/usr/bin/env bash
# Installs what the named peers (all, where none is named) are built with, unless it
# is there: Debian's packages, by apt-get, as root or with sudo; where there is none,
# it says what to install. Newer versions of Apache's compiler and libraries go into
# the root of Debian's unstable suite that tests/debian_root.sh makes.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)

have() {
    command -v "$1" >/dev/null
}

root=../../target/debian-unstable
packages=() newer=()
have thrift || packages+=(thrift-compiler)
for peer in "${@:-cpp cpp-0.24 go java node rust}"; do
    for name in $peer; do
        case $name in
            cpp)
                [ -f /usr/include/thrift/Thrift.h ] || packages+=(libthrift-dev)
                [ -f /usr/include/boost/config.hpp ] || packages+=(libboost-dev)
                [ -f /usr/include/event.h ] || packages+=(libevent-dev)
                [ -f /usr/include/openssl/ssl.h ] || packages+=(libssl-dev)
                [ -f /usr/include/zlib.h ] || packages+=(zlib1g-dev)
                have g++ || packages+=(g++)
                ;;
            cpp-0.24 | rust)
                # A file without content may be in its place.
                [ -s "$root/usr/bin/thrift" ] || newer+=(thrift-compiler)
                ;;&
            cpp-0.24)
                [ -f "$root/usr/include/thrift/TUuid.h" ] || newer+=(libthrift-dev)
                [ -f "$root/usr/include/boost/config.hpp" ] || newer+=(libboost-dev)
                [ -f "$root/usr/include/openssl/ssl.h" ] || newer+=(libssl-dev)
                [ -f "$root/usr/include/zlib.h" ] || newer+=(zlib1g-dev)
                ;;
            go)
                have go || packages+=(golang)
                [ -d /usr/share/gocode/src/github.com/apache/thrift ] || packages+=(golang-thrift-dev)
                ;;
            java)
                have javac || packages+=(default-jdk-headless)
                [ -f /usr/share/java/thrift.jar ] || packages+=(libthrift-java)
                [ -f /usr/share/java/slf4j-nop.jar ] || packages+=(libslf4j-java)
                ;;
            node)
                { have node && have npm; } || packages+=(nodejs npm)
                ;;
        esac
    done
done

if [ "${#packages[@]}" != 0 ]; then
    echo "The peers need, of Debian's packages: ${packages[*]}"
    if ! have apt-get; then
        echo 'There is no apt-get here: install them by other means.' >&2
        exit 1
    fi
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        install -y -qq --no-install-recommends "${packages[@]}"
fi
if [ "${#newer[@]}" != 0 ]; then
    echo "The peers need, of Debian's unstable suite: ${newer[*]}"
    # The release file of a mirror that is kept for a while has expired.
    "${sudo[@]}" ../debian_root.sh apt-get -o 'Acquire::Check-Valid-Until=false' update -qq
    "${sudo[@]}" ../debian_root.sh env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${newer[@]}"
fi
