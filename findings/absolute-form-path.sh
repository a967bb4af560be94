#!/usr/bin/env bash
# Packages: uvicorn 0.54.0 (h11 0.16.0, httptools 0.9.0), hypercorn 0.18.0, daphne 4.2.3, granian 2.8.7
# Expected: a server accepts a request whose target is a whole URL, as clients of a proxy send it ("absolute-form" in
#   RFC 9112), and scope["path"] is the path of it (ASGI: "HTTP request target excluding any query string" is
#   raw_path, path is its decoded path portion).
# Seen: with uvicorn on httptools and with granian the path is /contacts; with uvicorn on h11, hypercorn and daphne it is
#   the whole "http://clinic.example/contacts". One uvicorn, two answers, by which parser is installed.
# Hurts: who sits behind a proxy that forwards as it received: every route is unmatched, so 404, and a metric that is
#   labelled by the raw path gets a label per host.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'uvicorn==0.54.0' 'h11==0.16.0' 'httptools==0.9.0' 'hypercorn==0.18.0' 'daphne==4.2.3' 'granian==2.8.7'

cat > look.py <<'PYTHON'
"""Send one request to each server and print the path that the application was given."""

import os
import socket
import subprocess
import sys
import time

APPLICATION = '''
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["path"].encode())]})
        await send({"type": "http.response.body", "body": b""})
'''
with open("application.py", "w") as file:
    file.write(APPLICATION)
SERVERS = {
    "uvicorn on httptools": "uvicorn --http httptools --lifespan off --log-level critical --port PORT",
    "uvicorn on h11": "uvicorn --http h11 --lifespan off --log-level critical --port PORT",
    "hypercorn": "hypercorn --log-level critical --bind 127.0.0.1:PORT",
    "daphne": "daphne --verbosity 0 --port PORT",
    "granian": "granian --interface asginl --no-log --port PORT",
}
REQUEST = b"GET http://clinic.example/contacts HTTP/1.1\r\nHost: clinic.example\r\nConnection: close\r\n\r\n"


def path_told(command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = f"{sys.prefix}/bin/{command.replace('PORT', str(port))} application:application".split()
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": "."}, **silent)
    try:
        for _ in range(200):
            try:
                client = socket.create_connection(("127.0.0.1", port), timeout=10)
                break
            except OSError:
                time.sleep(0.1)
        with client:
            client.sendall(REQUEST)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += client.recv(4096)
    finally:
        server.terminate()
        server.wait()
    headers = dict(line.lower().split(": ", 1) for line in answer.decode().split("\r\n\r\n")[0].split("\r\n")[1:])
    return headers["x-path"]


for name, command in SERVERS.items():
    print(f"{name}: {path_told(command)}")
PYTHON

cat > expected.txt <<'SEEN'
uvicorn on httptools: /contacts
uvicorn on h11: http://clinic.example/contacts
hypercorn: http://clinic.example/contacts
daphne: http://clinic.example/contacts
granian: /contacts
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
