"""Is every request counted once and rightly, whichever way it ends? Ours and each peer, from one probe."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import sys
import time

from benchmarks.cache_harness import machine
from benchmarks.ending_stacks import STACKS
from tests.monitor.middleware.probe import Client, Probe

LONGEST_S = 0.3
SHOWN, ITEM = "/contacts/{contact_id}", "/api/v2/{org}/items/{item_id}"
RAW = ("acme", "/7", "/9", "nowhere", "nothing", "rooms")


def advance(seconds):
    """Let real time pass, as the peers read no other clock."""
    time.sleep(min(seconds, LONGEST_S))


class Asked:
    """One stack, asked one ending after another."""

    def __init__(self, stack):
        self.stack = stack
        self.held = asyncio.Event()
        self.app = Probe(advance, self.held).app(stack.middleware)
        if stack.after is not None:
            stack.after(self.app)

    async def new(self, drive):
        """Run `drive` and return what was counted more: labels with count and seconds, outcomes."""
        before, outcomes = self.stack.requests(), self.stack.outcomes()
        await drive()
        after = self.stack.requests()
        counted = []
        for label, (count, seconds) in after.items():
            old = before.get(label, (0, 0.0))
            if count > old[0]:
                counted.append((label, count - old[0], seconds - old[1]))
        now = self.stack.outcomes()
        return counted, {name for name, count in now.items() if count > outcomes.get(name, 0)}

    async def call(self, client):
        await client.call(self.app)


def once(counted):
    """Return what is wrong with how often it was counted, or nothing."""
    times = int(sum(count for _, count, _ in counted))
    return "" if times == 1 else f"counted {times} times"


def judged(counted, *, method="GET", route=None, status=None):
    """Compare with what should stand on the labels; `route` None: nothing matched."""
    if wrong := once(counted):
        return wrong
    label = counted[0][0]
    if label.method != method:
        return f"method {label.method or 'missing'}"
    if route is None and (any(part in label.route for part in RAW) or label.route.startswith("/")):
        return f"route {label.route}"
    if route is not None and label.route != route:
        return f"route {label.route or 'missing'}"
    if status is not None and label.status not in (str(status), f"{str(status)[0]}xx"):
        return f"status {label.status or 'missing'}"
    return "right"


def simple(path, sent="GET", **expected):
    async def row(asked):
        counted, _ = await asked.new(lambda: asked.call(Client(path, sent)))
        return judged(counted, **expected)

    return row


def failing(path, status=None):
    """The service failed: a 5xx status or an error type must say so."""

    async def row(asked):
        counted, _ = await asked.new(lambda: asked.call(Client(path)))
        if wrong := once(counted):
            return wrong
        label = counted[0][0]
        told = label.error or label.status.startswith("5")
        if status is not None and not label.status.startswith("5"):
            return f"status {label.status or 'missing'}"
        return "right" if told else f"counted as {label.status or 'no status'}"

    return row


def leaving(start, leave):
    """The client left: counted once, and told apart from success and from failure."""

    async def row(asked):
        asked.held.clear()

        async def drive():
            client = start()
            running = asyncio.ensure_future(client.call(asked.app))
            await asyncio.sleep(0.05)
            await leave(asked, client, running)
            asked.held.set()
            await asyncio.gather(running, return_exceptions=True)

        counted, outcomes = await asked.new(drive)
        if wrong := once(counted):
            return wrong
        label = counted[0][0]
        if label.status == "499" or outcomes == {"cancelled"}:
            return "right"
        return f"counted as {label.status or 'no status'}"

    return row


async def cancel(_, __, running):
    running.cancel()


async def disconnect(_, client, __):
    client.gone.set()


async def fail_sends(asked, _, __):
    asked.held.set()


async def background(asked):
    asked.held.clear()

    async def drive():
        running = asyncio.ensure_future(asked.call(Client("/background")))
        await asyncio.sleep(LONGEST_S + 0.1)
        asked.held.set()
        await running

    counted, _ = await asked.new(drive)
    if wrong := once(counted):
        return wrong
    seconds = counted[0][2]
    return "right" if seconds < LONGEST_S / 2 else f"{seconds:.3f} s for an answer after 0.020 s"


async def in_flight(asked):
    if asked.stack.in_flight() is None:
        return "not measured"
    asked.held.clear()
    before = asked.stack.in_flight()
    running = asyncio.ensure_future(asked.call(Client("/background")))
    await asyncio.sleep(LONGEST_S + 0.1)
    during = asked.stack.in_flight() - before
    asked.held.set()
    await running
    return "right" if during == 0 else "background work is in flight"


async def streaming(asked):
    counted, _ = await asked.new(lambda: asked.call(Client("/stream")))
    verdict = judged(counted, route="/stream", status=200)
    seconds = counted[0][2] if counted else 0.0
    return verdict if verdict != "right" or seconds >= 0.06 else f"{seconds:.3f} s for a stream of 0.060 s"


async def websocket(asked):
    before = asked.stack.websockets()
    messages = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]

    async def receive():
        return messages.pop(0) if messages else {"type": "websocket.disconnect", "code": 1000}

    async def send(_):
        pass

    scope = {
        **Client("/api/v2/acme/rooms/blue").scope(),
        "type": "websocket",
        "scheme": "ws",
        "subprotocols": [],
    }
    scope.pop("method")
    await asked.app(scope, receive, send)
    return "right" if asked.stack.websockets() == before + 1 else "not measured"


ROWS = {
    "matched": simple("/contacts/7", route=SHOWN, status=200),
    "unmatched": simple("/nowhere/7", status=404),
    "method not allowed": simple("/contacts/7", "POST", method="POST", route=SHOWN, status=405),
    "mounted": simple("/api/v2/acme/items/9", route=ITEM, status=200),
    "unmatched below a mount": simple("/api/v2/acme/nothing", status=404),
    "HEAD": simple("/contacts/7", "HEAD", method="HEAD", route=SHOWN, status=200),
    "OPTIONS": simple("/contacts/7", "OPTIONS", method="OPTIONS", route=SHOWN, status=405),
    "unknown method": simple("/contacts/7", "BREW", method="_OTHER", route=SHOWN, status=405),
    "handled exception": failing("/unavailable", 503),
    "unhandled exception": failing("/broken", 500),
    "failure mid-stream": failing("/stream-broken"),
    "client gone before the answer": leaving(lambda: Client("/body", "POST", leaves=True), disconnect),
    "client gone mid-stream, told by receive": leaving(
        lambda: Client("/stream-held", spec_version="2.3"), disconnect
    ),
    "client gone mid-stream, told by send": leaving(
        lambda: Client("/stream-held", breaks_after=2), fail_sends
    ),
    "cancelled": leaving(lambda: Client("/held"), cancel),
    "background work in latency": background,
    "background work in flight": in_flight,
    "streaming": streaming,
    "websocket": websocket,
}


async def table(name):
    asked = Asked(STACKS[name]())
    return {row: await ask(asked) for row, ask in ROWS.items()}


def told(name, pipe):
    logging.disable(logging.CRITICAL)
    pipe.send(asyncio.run(table(name)))


def main():
    result = {}
    context = multiprocessing.get_context("spawn")
    for name in STACKS:
        mine, theirs = context.Pipe()
        process = context.Process(target=told, args=(name, theirs))
        process.start()
        theirs.close()
        result[name] = mine.recv()
        process.join()
    for row in ROWS:
        print(f"{row:42}", *(f"{result[name][row]:34}" for name in STACKS), file=sys.stderr)
    result["met"] = all(verdict == "right" for verdict in result["ours"].values())
    result["bars"] = {"right": len(ROWS)}
    result["machine"] = machine()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
