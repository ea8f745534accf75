#!/bin/sh
# Install the Debian packages that real-engine tests need, without starting their services; else name them.
PATH=$PATH:/usr/sbin:/sbin
missing=
for pair in redis-server:redis-server chromium:chromium java:default-jre-headless mvn:maven \
    turnserver:coturn janus:janus nft:nftables ip:iproute2 ffmpeg:ffmpeg; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "system: not installed:$missing (as root, \`make system\` installs them; tests that need them are skipped)"
    exit 0
fi

echo "system: installing$missing ..."
mkdir -p .muster
log=.muster/system.log
policy=/usr/sbin/policy-rc.d
# A policy of 101 keeps the packages' services from starting: the tests start their own.
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update >"$log" 2>&1
# shellcheck disable=SC2086 # the list is words
if ! apt-get install -y --no-install-recommends $missing >>"$log" 2>&1 </dev/null; then
    for package in $missing; do
        apt-get install -y --no-install-recommends "$package" >>"$log" 2>&1 </dev/null || {
            tail -n 15 "$log"
            echo "system: $package could not be installed; the whole log: $log"
        }
    done
fi
exit 0
