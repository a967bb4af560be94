#!/usr/bin/env bash
# Packages: uvicorn 0.54.0 (websockets 17.4), hypercorn 0.18.0, daphne 4.2.3, granian 2.8.7
# Expected: when a handler fails after it accepted a WebSocket, the client is told so: close code 1011, "unexpected
#   condition" (RFC 6455, "Defined Status Codes").
# Seen: hypercorn and daphne send 1011. granian sends a close frame without a code, which a client reads as 1005, as for
#   a quiet goodbye. uvicorn ends the connection without a frame, which a client reads as 1006, as for a network
#   that broke.
# Hurts: clients that decide by the code whether to come again, and who counts failures by it: the same fault is a
#   server error, a normal end or a broken line, by server.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'uvicorn==0.54.0' 'websockets==17.4' 'hypercorn==0.18.0' 'daphne==4.2.3' 'granian==2.8.7'

cat > look.py <<'PYTHON'
"""Open a WebSocket on each server, whose handler raises; print what the client reads behind the handshake."""

import os
import socket
import subprocess
import sys
import time

APPLICATION = '''
async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        raise RuntimeError("the handler failed")
'''
with open("application.py", "w") as file:
    file.write(APPLICATION)
SERVERS = {
    "uvicorn": "uvicorn --lifespan off --log-level critical --port PORT",
    "hypercorn": "hypercorn --log-level critical --bind 127.0.0.1:PORT",
    "daphne": "daphne --verbosity 0 --port PORT",
    "granian": "granian --interface asginl --no-log --port PORT",
}
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def read_behind_handshake(command):
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
        answer = b""
        with client:
            client.sendall(REQUEST)
            while b"\r\n\r\n\x88" not in answer:
                try:
                    piece = client.recv(4096)
                except ConnectionResetError:
                    break
                answer += piece
                if not piece:
                    break
    finally:
        server.terminate()
        server.wait()
    frame = answer.partition(b"\r\n\r\n")[2]
    if not frame:
        return "the end of the connection and no frame"
    return f"a close frame with code {int.from_bytes(frame[2:4])}" if frame[1] else "a close frame without a code"


for name, command in SERVERS.items():
    print(f"{name}: {read_behind_handshake(command)}")
PYTHON

cat > expected.txt <<'SEEN'
uvicorn: the end of the connection and no frame
hypercorn: a close frame with code 1011
daphne: a close frame with code 1011
granian: a close frame without a code
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
