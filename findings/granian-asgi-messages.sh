#!/usr/bin/env bash
# Packages: granian 2.8.7
# Expected: what the ASGI HTTP and WebSocket specification says: the port in scope["server"] and scope["client"] is an
#   int; the headers of http.response.start are optional; a response that denies a handshake is an
#   ordinary response ("WebSocket Denial Response"), without Sec-WebSocket-Accept.
# Seen: both ports are strings; a start without headers is refused, and the client gets 500; the denial carries
#   "connection: upgrade", "upgrade: websocket" and the accept key beside its status 429.
# Hurts: who compares the port with a number, or writes an ASGI application by hand against uvicorn: it fails only on
#   this server.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'granian==2.8.7'

cat > look.py <<'PYTHON'
"""Serve three requests and print what the application was told and what the client got."""

import os
import re
import socket
import subprocess
import sys
import time

APPLICATION = '''
async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.http.response.start", "status": 429, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})
    elif scope["type"] == "http":
        start = {"type": "http.response.start", "status": 200}
        if scope["path"] == "/ports":
            start["headers"] = []
        await send(start)
        kinds = [type(scope[end][1]).__name__ for end in ("server", "client")]
        await send({"type": "http.response.body", "body": " ".join(kinds).encode()})
'''
with open("application.py", "w") as file:
    file.write(APPLICATION)
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
command = [f"{sys.prefix}/bin/granian", "--interface", "asgi", "--port", str(port), "--no-log", "application:application"]
server = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "."}, stderr=subprocess.DEVNULL)


def ask(path, headers=""):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer or (path == "/ports" and not answer.endswith(b"str")):
            piece = client.recv(4096)
            answer += piece
            if not piece:
                break
    return re.sub(r"(?m)^date: .*\n|\r", "", answer.decode())


try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    print("ports:", ask("/ports").splitlines()[-1])
    print("no headers:", ask("/no-headers").splitlines()[0])
    upgrade = "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    denied = ask("/", upgrade.replace("Upgrade:", "Connection: Upgrade\r\nUpgrade:", 1)).split("\n\n")[0]
    print("denied:", " | ".join(line for line in denied.splitlines() if "server" not in line))
finally:
    server.terminate()
    server.wait()
PYTHON

cat > expected.txt <<'SEEN'
ports: str str
no headers: HTTP/1.1 500 Internal Server Error
denied: HTTP/1.1 429 Too Many Requests | connection: upgrade, close | upgrade: websocket | sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | content-length: 0
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
