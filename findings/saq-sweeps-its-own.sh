#!/usr/bin/env bash
# Packages: saq 0.26.4, redis 7.4.1 (Python), redis-server 7 (on the PATH)
# Expected: the sweep ends or brings back jobs that a dead worker left behind: those past their timeout or heartbeat. A job
#   that a living worker took a moment ago is none of them.
# Seen: a worker moves a job to the list of active ones first and marks it active after that; a sweep that looks between
#   the two takes it for left behind. With one healthy worker, a thousand jobs of 0.2 s and a sweep each second
#   (the default is each minute) about every second sweep hits one: in the first run four were run twice and two
#   ended as aborted or aborting, with nothing wrong anywhere.
# Hurts: who counts on a job being run once when nothing fails: under steady work some reminder goes out twice every few
#   minutes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'saq==0.26.4' 'redis==7.4.1' 'typing_extensions==4.16.0'

cat > look.py <<'PYTHON'
"""Run many short jobs by one healthy worker that sweeps each second; say whether any came to harm."""

import asyncio
import collections
import logging
import socket
import subprocess
import time

from saq import Queue, Worker

logging.disable(logging.CRITICAL)
JOBS, DEADLINE = 1000, 40.0
runs = collections.Counter()


async def work(context):
    runs[context["job"].key] += 1
    await asyncio.sleep(0.2)


async def main(port):
    queue = Queue.from_url(f"redis://127.0.0.1:{port}")
    await queue.connect()
    await asyncio.gather(*(queue.enqueue("work", ttl=0) for _ in range(JOBS)))
    worker = Worker(queue, [work], concurrency=20, timers={"sweep": 1})
    running = asyncio.create_task(worker.start())
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and not any(count > 1 for count in runs.values()):
        await asyncio.sleep(0.2)
    await worker.stop()
    await running
    print("a job was run twice:", any(count > 1 for count in runs.values()))
    await queue.disconnect()


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen(
    ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL
)
try:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    asyncio.run(main(port))
finally:
    server.terminate()
    server.wait()
PYTHON

cat > expected.txt <<'SEEN'
a job was run twice: True
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
