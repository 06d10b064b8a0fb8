#!/usr/bin/env bash
# Installs what the tests need that PyPI does not have, unless it is there: a browser,
# Apache's compiler of Thrift and its C++ library, Apache's web server with what its modules are
# compiled with, nginx, HAProxy, wrk, PostgreSQL, and what makes network namespaces. Debian's
# packages, by apt-get, as root or with sudo; where there is none, it says what to install.
# Arguments are packages of these that are enough.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)

have() {
    command -v "$1" >/dev/null
}

packages=()
unpack=()
{ have chromium && have chromedriver; } || packages+=(chromium chromium-driver fonts-dejavu-core)
have thrift || packages+=(thrift-compiler)
[ -e /usr/include/thrift/Thrift.h ] || packages+=(libthrift-dev)
[ -e /usr/include/boost/version.hpp ] || packages+=(libboost-dev)
have wrk || packages+=(wrk)
have ip || packages+=(iproute2)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
{ have apxs && [ -x /usr/sbin/apache2 ]; } || packages+=(apache2-bin apache2-dev python3-dev)

{ have haproxy || [ -x /usr/sbin/haproxy ]; } || packages+=(haproxy)

# Unpacked here, for to install nginx is to start it, on port 80.
unpacked=target/debian
modules=usr/lib/nginx/modules/ngx_stream_module.so
{ have nginx || [ -x "$unpacked/usr/sbin/nginx" ]; } || unpack+=(nginx)
{ [ -e "/$modules" ] || [ -e "$unpacked/$modules" ]; } || unpack+=(libnginx-mod-stream)
if [ "$#" != 0 ]; then
    unpack=()
    wanted=()
    for package in "${packages[@]}"; do
        [[ " $* " != *" $package "* ]] || wanted+=("$package")
    done
    packages=("${wanted[@]}")
fi
if [ "${#packages[@]}" = 0 ] && [ "${#unpack[@]}" = 0 ]; then
    exit 0
fi

echo "The tests need, of Debian's packages: ${packages[*]} ${unpack[*]}"
if ! have apt-get; then
    echo 'There is no apt-get here: install them, or what has the same commands, by other means.' >&2
    exit 1
fi
"${sudo[@]}" apt-get update -qq
if [ "${#packages[@]}" != 0 ]; then
    # PostgreSQL makes a cluster and starts it when it is installed; the tests have their own.
    "${sudo[@]}" mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' |
        "${sudo[@]}" tee /etc/postgresql-common/createcluster.d/fastthrift.conf >/dev/null
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi
for package in "${unpack[@]}"; do
    mkdir -p "$unpacked"
    (cd "$unpacked" && apt-get download -qq "$package" && dpkg-deb -x "$package"_*.deb .)
done
