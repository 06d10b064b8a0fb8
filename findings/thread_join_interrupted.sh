#!/usr/bin/env bash
# CPython 3.10 to 3.12: a Thread.join() that Control-C interrupts takes the thread for ended, though it runs: is_alive() is
# False and the next join() returns at once. Who waits "once more" after KeyboardInterrupt, to let threads finish their work,
# does not wait. 3.13 and later wait. No packages: only CPython's own library, of the versions found on this machine.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

cat >"$folder/joined.py" <<'PYTHON'
import os
import signal
import sys
import threading

go_on = threading.Event()
thread = threading.Thread(target=go_on.wait, daemon=True)
thread.start()
# Control-C of somebody, half a second from now.
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    thread.join()
except KeyboardInterrupt:
    pass
runs = thread.ident in sys._current_frames()
second = threading.Timer(0.5, go_on.set)
second.start()
thread.join()
waited = go_on.is_set()
print(f"CPython {sys.version.split()[0]}: runs {runs}, the second join() waited for it: {waited}")
sys.exit(0 if runs and waited == (sys.version_info >= (3, 13)) else 1)
PYTHON

found=0
for version in 3.10 3.11 3.12 3.13 3.14; do
    for python in "$(command -v "python$version" || true)" "$HOME"/.pyenv/versions/"$version".*/bin/python; do
        if [ -x "$python" ] && "$python" -c '' 2>/dev/null; then
            "$python" "$folder/joined.py"
            found=$((found + 1))
            break
        fi
    done
done
[ "$found" -gt 0 ] || { echo 'no CPython from 3.10 on was found' >&2; exit 1; }
