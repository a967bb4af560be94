"""One worker to be scraped: ours or prometheus-client's, filled with the series of many tenants."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from pathlib import Path

import prometheus_client
import uvicorn
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.clock import SystemClock
from monitor.metrics.catalogue import (
    CACHE_INCONSISTENCIES,
    CACHE_REQUESTS,
    CACHE_RESULTS,
    TENANT_DURATION,
    TENANT_REQUESTS,
    Outcome,
)
from monitor.metrics.measurements import Measurements

DOMAINS = ("contacts", "appointments", "medical_records", "analytics", "settings")
TRACE = "ab" * 16


class Ours:
    """The kit: one request of each tenant, with one sampled trace in ten."""

    def __init__(self, tenants, directory):
        self.registry = CollectorRegistry()
        self.measurements = Measurements(
            self.registry, SystemClock(), domains=DOMAINS, tenants=tenants, directory=directory
        )
        self.endpoint = self.measurements.exposition.endpoint

    def count(self, tenant):
        http, cache = self.measurements.http, self.measurements.cache
        seconds, trace = random.random() / 3, TRACE if tenant % 10 == 0 else None
        http.begin("GET")
        http.end("GET", "/api/contacts", 200, None, Outcome.SUCCESS, tenant, seconds, trace)
        cache.looked_up(tenant, DOMAINS[tenant % 5], "hit", "near", 0.00001)

    def render(self):
        return b"".join(self.measurements.exposition.render())


class PrometheusClient:
    """The same series as labelled children, rendered by generate_latest in a thread, as peers do."""

    def __init__(self, tenants, directory):
        self.registry = CollectorRegistry()
        own = CollectorRegistry()
        if directory is None:
            self.registry = own
        else:
            MultiProcessCollector(self.registry)
        self.duration = Histogram(
            TENANT_DURATION.name, "d", ["tenant"], buckets=TENANT_DURATION.buckets, registry=own
        )
        self.requests = Counter(TENANT_REQUESTS.name, "r", ["tenant", "outcome"], registry=own)
        self.lookups = Counter(CACHE_REQUESTS.name, "c", ["tenant", "domain", "result"], registry=own)
        self.wrong = Counter(CACHE_INCONSISTENCIES.name, "i", ["tenant", "domain"], registry=own)
        for tenant in range(1, tenants + 1):
            for outcome in Outcome:
                self.requests.labels(tenant, outcome)
            for domain in DOMAINS:
                self.wrong.labels(tenant, domain)
                for result in CACHE_RESULTS:
                    self.lookups.labels(tenant, domain, result)

    def count(self, tenant):
        self.duration.labels(tenant).observe(random.random() / 3)
        self.requests.labels(tenant, Outcome.SUCCESS).inc()
        self.lookups.labels(tenant, DOMAINS[tenant % 5], "hit").inc()

    def render(self):
        return prometheus_client.generate_latest(self.registry)

    async def endpoint(self, _request):
        return Response(await run_in_threadpool(self.render), media_type="text/plain")


KINDS = {"ours": Ours, "prometheus_client": PrometheusClient}


def application(kind, tenants, directory):
    """Fill a worker and give the app that serves it."""
    prometheus_client.disable_created_metrics()
    worker = KINDS[kind](tenants, directory)
    for tenant in range(1, tenants + 1):
        worker.count(tenant)
    turn = iter(lambda: random.randint(1, tenants), 0)

    async def work(_request):
        worker.count(next(turn))
        return PlainTextResponse("ok")

    async def render(_request):
        def timed():
            started = time.perf_counter()
            body = worker.render()
            return f"{(time.perf_counter() - started) * 1e3} {len(body)} {body.count(10)}"

        return PlainTextResponse(await run_in_threadpool(timed))

    return Starlette(
        routes=[Route("/metrics", worker.endpoint), Route("/work", work), Route("/render", render)]
    )


async def main(kind, tenants, port, directory):
    """Serve until the parent ends this process; port 0 only holds the counts."""
    app = application(kind, int(tenants), Path(directory) if directory else None)
    if port == "0":
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    config = uvicorn.Config(app, port=int(port), log_level="warning", loop="none", access_log=False)
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(*sys.argv[1:4], sys.argv[4] if len(sys.argv) > 4 else None))
