#!/usr/bin/env bash
# uWSGI, asked for an application that cannot be imported, answers with another one.
#
# With several applications (UWSGI_FILE and UWSGI_APPID of the web server choose one), a request for
# an application whose import fails is handed to the first application that was loaded: the client
# gets 200 and that one's page under the other one's address. The failure is in the log only, and the
# import is tried again with each request. --no-default-app makes it a 500.

set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip --disable-pip-version-check install --quiet uwsgi==2.0.31
echo "uWSGI $(venv/bin/uwsgi --version)"

cat >first.py <<'PYTHON'
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"first, asked for " + environ["SCRIPT_NAME"].encode()]
PYTHON
echo 'import a_module_that_is_not_there' >second.py

cat >ask.py <<'PYTHON'
import socket, struct, sys, time
name = sys.argv[1]
texts = []
for pair in {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/" + name, "PATH_INFO": "/", "REQUEST_URI": f"/{name}/",
    "QUERY_STRING": "", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
    "UWSGI_APPID": "/" + name, "UWSGI_FILE": name + ".py",
}.items():
    texts += [text.encode() for text in pair]
body = b"".join(struct.pack("<H", len(text)) + text for text in texts)
while True:
    try:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect("socket")
        break
    except OSError:
        time.sleep(0.1)
connection.sendall(struct.pack("<BHB", 0, len(body), 0) + body)
answer = b"".join(iter(lambda: connection.recv(65536), b""))
print(answer.decode().splitlines()[0].strip(), "|", answer.decode().splitlines()[-1])
PYTHON

ask_both() {
    venv/bin/uwsgi --socket socket --home "$folder/venv" --master --die-on-term "$@" >log 2>&1 &
    server=$!
    timeout 60 python3 ask.py first
    timeout 60 python3 ask.py second | tee "$folder/second"
    grep -o 'unable to load app.*' log
    kill "$server"
    wait "$server" || true
    server=
    rm -f socket
}

echo '== as it comes'
ask_both
grep -q '^HTTP/1.1 200 OK | first, asked for /second$' second

echo '== with --no-default-app'
ask_both --no-default-app
grep -q '^HTTP/1.1 500 ' second
