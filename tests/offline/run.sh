#!/usr/bin/env bash
# Runs the tests that start no server of their own with every connect, bind and look-up refused, in their children too,
# and fails where one was tried, whatever came of it: bash tests/offline/run.sh [PYTEST ARGUMENTS...]. Linux and gcc.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CC:-gcc}" -shared -fPIC -O1 -Wall -Wextra "$here/no_sockets.c" -o "$work/no_sockets.so" -ldl
export NO_SOCKETS_LOG=$work/log
# -P below: an installed edgewise is tried, not the folder that this runs in.
without_sockets() { LD_PRELOAD=$work/no_sockets.so "$@"; }

# The guard is awake: each way out is refused and noted.
python=${PYTHON:-python}
attempts="import contextlib, socket
s = socket.socket()
u = socket.socket(type=socket.SOCK_DGRAM)
for way in (
    lambda: s.connect(('192.0.2.1', 80)), lambda: s.bind(('127.0.0.1', 0)), lambda: u.sendto(b'x', ('192.0.2.1', 53)),
    lambda: socket.getaddrinfo('example.invalid', 80),
):
    with contextlib.suppress(OSError):
        way()
        raise SystemExit('a socket got out')"
without_sockets "$python" -c "$attempts"
[ "$(wc -l <"$NO_SOCKETS_LOG")" = 4 ] || { echo "the guard is not awake:"; cat "$NO_SOCKETS_LOG"; exit 1; }
: >"$NO_SOCKETS_LOG"

status=0
without_sockets "$python" -P -m pytest -q -m "not loopback" "$@" || status=$?
if [ -s "$NO_SOCKETS_LOG" ]; then
  echo "sockets were tried:"
  sort "$NO_SOCKETS_LOG" | uniq -c
  status=1
fi
exit "$status"
