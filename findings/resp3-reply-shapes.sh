#!/usr/bin/env bash
# Packages: redis 8.1.0, valkey 6.2.0 (Python clients), Redis 7.0.15 (redis-server on the PATH)
# Expected: a client's method returns one shape of value, whichever protocol it speaks with the server; the protocol is
#   negotiated out of sight, and redis-py 8 asks for RESP3 unless told otherwise.
# Seen: by protocol, the pairs of a sorted set are tuples or lists, a stream is read as a list of pairs or as a
#   dict with one more list inside, HRANDFIELD with values is flat or in pairs, CLIENT TRACKINGINFO is a list or
#   a dict. valkey-py does the same, and SMEMBERS, a set in redis-py, is a list in both of its protocols.
# Hurts: who upgrades redis-py, or meets one old server that knows no RESP3: set(pairs) raises on lists, a loop over
#   XREAD's answer reads the wrong level, only there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'redis==8.1.0' 'valkey==6.2.0'

cat > look.py <<'PYTHON'
"""Ask one server the same five questions by two clients and two protocols."""

import socket
import subprocess
import time

import redis
import valkey

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen(
    ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL
)
QUESTIONS = {
    "zrange": lambda client: client.zrange("z", 0, -1, withscores=True),
    "xread": lambda client: client.xread({"x": "0"}),
    "hrandfield": lambda client: client.hrandfield("h", 1, withvalues=True),
    "smembers": lambda client: client.smembers("s"),
    "client_trackinginfo": lambda client: type(client.client_trackinginfo()).__name__,
}
try:
    for _ in range(100):
        try:
            first = redis.Redis(port=port)
            first.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.1)
    print("server", first.info("server")["redis_version"])
    first.zadd("z", {"a": 1.5})
    first.xadd("x", {"f": "v"}, id="1-1")
    first.hset("h", "f", "v")
    first.sadd("s", "m")
    for question, ask in QUESTIONS.items():
        for name, kind in (("redis-py", redis.Redis), ("valkey-py", valkey.Valkey)):
            answers = [ask(kind(port=port, protocol=protocol, decode_responses=True)) for protocol in (2, 3)]
            print(f"{question} by {name}: RESP2 {answers[0]}, RESP3 {answers[1]}")
finally:
    server.terminate()
    server.wait()
PYTHON

cat > expected.txt <<'SEEN'
server 7.0.15
zrange by redis-py: RESP2 [('a', 1.5)], RESP3 [['a', 1.5]]
zrange by valkey-py: RESP2 [('a', 1.5)], RESP3 [['a', 1.5]]
xread by redis-py: RESP2 [['x', [('1-1', {'f': 'v'})]]], RESP3 {'x': [[('1-1', {'f': 'v'})]]}
xread by valkey-py: RESP2 [['x', [('1-1', {'f': 'v'})]]], RESP3 {'x': [[('1-1', {'f': 'v'})]]}
hrandfield by redis-py: RESP2 ['f', 'v'], RESP3 [['f', 'v']]
hrandfield by valkey-py: RESP2 ['f', 'v'], RESP3 [['f', 'v']]
smembers by redis-py: RESP2 {'m'}, RESP3 {'m'}
smembers by valkey-py: RESP2 ['m'], RESP3 ['m']
client_trackinginfo by redis-py: RESP2 list, RESP3 dict
client_trackinginfo by valkey-py: RESP2 list, RESP3 dict
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
