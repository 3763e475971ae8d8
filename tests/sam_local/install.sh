#!/bin/sh
# What the Docker part of the tests needs and a machine may lack, from Debian's packages. Needs root.
# Starts nothing: the test run starts its own daemon and stops it again.
set -eu

missing=""
command -v dockerd >/dev/null 2>&1 || missing=docker.io
command -v iptables >/dev/null 2>&1 || missing="${missing:+$missing }iptables"
command -v ip >/dev/null 2>&1 || missing="${missing:+$missing }iproute2"
[ -n "$missing" ] || exit 0

fail() {
    echo "tests/sam_local/install.sh: $1" >&2
    exit 1
}
[ "$(id -u)" = 0 ] || fail "installing $missing needs root: run make test-sam-local as root"
command -v apt-get >/dev/null 2>&1 || fail "no apt-get here: install $missing by hand"

# The package's own script would start a daemon of the whole machine: say no for as long as it installs.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Unquoted on purpose: one word per package.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
