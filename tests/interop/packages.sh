#!/usr/bin/env bash
# Installs what the named peers (all, where none is named) are built with, unless it
# is there: Debian's packages, by apt-get, as root or with sudo; where there is none,
# it says what to install.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)

have() {
    command -v "$1" >/dev/null
}

packages=()
have thrift || packages+=(thrift-compiler)
for peer in "${@:-cpp go java node}"; do
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
[ "${#packages[@]}" != 0 ] || exit 0

echo "The peers need, of Debian's packages: ${packages[*]}"
if ! have apt-get; then
    echo 'There is no apt-get here: install them by other means.' >&2
    exit 1
fi
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
    install -y -qq --no-install-recommends "${packages[@]}"
