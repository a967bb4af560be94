"""The one place that joins the rooms: settings in, a Monitor out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from monitor.cache.admission import Admission, AlwaysAdmitted
from monitor.cache.cache_aside import TenantCache
from monitor.cache.rollout import Rollout
from monitor.clock import Clock
from monitor.database.write_context import NoSettlement, Settlement
from monitor.errors import ConfigurationError
from monitor.extras import needed_for
from monitor.kit.adoption import Adoption
from monitor.kit.build_cache import build_cache, build_rollout
from monitor.kit.routes import endpoints, identity_of, public_paths
from monitor.logging.logs import Logs
from monitor.logging.process_output import ProcessOutput
from monitor.metrics import catalogue
from monitor.metrics.measurements import Measurements
from monitor.metrics.own_metrics import with_own
from monitor.middleware.cache_plans import CachePlans
from monitor.middleware.forwarded import ForwardedMiddleware
from monitor.middleware.inner_app import InnerApp
from monitor.middleware.interceptor import CacheInterceptor
from monitor.middleware.invalidation import InvalidationMiddleware
from monitor.middleware.near_answers import NearAnswers
from monitor.middleware.performance import PerformanceMiddleware
from monitor.middleware.sign_in import SignIn
from monitor.middleware.tenant import TenantMiddleware
from monitor.networks import Networks
from monitor.operations.cache_switch_endpoint import CacheSwitch
from monitor.operations.cache_warming_endpoint import CacheWarming
from monitor.operations.drain import Drain
from monitor.operations.health import Check
from monitor.path_prefix import prefix_of
from monitor.settings import MonitorSettings
from monitor.tracing.provider import Service, Tracing, build_tracing

if TYPE_CHECKING:
    from monitor.consistency.durable_switch import DurableSwitch
    from monitor.consistency.protocol_worker import ProtocolWorker
    from monitor.database.engine import Database
    from monitor.database.session_writes import OwnSession

_FAREWELL_S = 2.0
_LATE_SCRAPE = 1.1  # scrapes jitter; two in a row lie up to that much further apart


class Monitor:
    """The joined kit of one worker.

    Attributes:
        measurements: Metrics, their exposition and windows.
        tracing: Traces; `tracing.tracer` is for the service's own spans.
        logs: `logs.logger` is for the service's own lines.
        cache: The cache.
        rollout: The cache's switch.
        database: The two doors to the database; None where none was named.
        kill_switch: The durable switch; None without a database.
        drain: Takes this worker out of use before it stops.
        warming: Warms the cache; None where the adoption lists nothing to warm.
    """

    clock: Clock
    registry: CollectorRegistry
    settings: MonitorSettings

    def __init__(
        self,
        settings: MonitorSettings,
        adoption: Adoption,
        clock: Clock,
        registry: CollectorRegistry,
        stream: BinaryIO,
    ) -> None:
        self.settings, self.clock, self.registry = settings, clock, registry
        self._process = os.getpid()
        self._adoption = adoption
        self.measurements: Measurements = _measurements(settings, adoption, clock, registry)
        self.logs: Logs = Logs(
            stream,
            level=settings.log_level,
            clock=clock,
            dropped=self.measurements.columns.counters(catalogue.LOG_DROPPED).of().inc,
            tenant_field=adoption.naming.log_field,
            fields=frozenset(adoption.log_fields),
        )
        self.tracing: Tracing = _tracing(settings, adoption, clock, self.measurements)
        self.drain: Drain = Drain()
        self.rollout: Rollout = build_rollout(settings.cache, self.measurements.cache)
        self.database: Database | None = None
        self.kill_switch: DurableSwitch | None = None
        self._consistency: ProtocolWorker | None = None
        self._settlement: Settlement = NoSettlement()
        self._inner = InnerApp(adoption.warming_role)
        self._output: ProcessOutput | None = None
        self.warming: CacheWarming | None = None
        if adoption.database_url is None:
            self.cache: TenantCache = self._cache(AlwaysAdmitted())
        else:
            self._follow(adoption.database_url)

    def own_output(self) -> None:
        """Lead all that this process writes into the log, for good; its stream must be the process's own.

        Loggers at once, so that a server's first words are lines; the interpreter's hooks and its
        text streams when a server starts the application, so that a script may print until then.
        """
        self._output = self.logs.process_output()
        self._output.take_loggers()

    def changed(self, session: OwnSession, domain: str, entity: object = None) -> None:
        """Book what an own SQLAlchemy session's transaction makes stale, in the bound tenant.

        Args:
            session: The session that writes, on the database that the adoption names.
            domain: The domain whose answers change; call once for each.
            entity: The one entity written; None: all of the domain.

        Raises:
            TenantNotBound: No tenant is bound.
        """
        from monitor.database.session_writes import SessionWrites  # noqa: PLC0415 - who has a session has this

        SessionWrites(self.clock).changed(session, domain, entity)

    def opened_database(self) -> Database:
        """Return the database.

        Raises:
            ConfigurationError: The adoption names none.
        """
        if self.database is None:
            raise ConfigurationError("database_url", "name the database in the adoption")
        return self.database

    def middleware(self, inside: Sequence[Middleware] = ()) -> list[Middleware]:
        """Return the request chain, outermost first.

        Args:
            inside: The service's own middlewares that need the identity; they stand between the
                tenant middleware and the cache.
        """
        adoption = self._adoption
        sign_in, plans = SignIn(adoption.resolver), CachePlans(adoption.cached)
        return [
            *self._forwarded(),
            Middleware(
                PerformanceMiddleware,
                recorder=self.measurements.http,
                tracing=self.tracing.requests,
                clock=self.clock,
                log=self.logs.access if self.settings.access_log else None,
                near=None if inside else self._near_answers(sign_in, plans),
                starting=None if self._output is None else self._output.take_all,
            ),
            Middleware(
                TenantMiddleware,
                sign_in=sign_in,
                public=public_paths(adoption.public),
                refusal=adoption.refusal,
            ),
            *inside,
            Middleware(
                CacheInterceptor,
                cache=self.cache,
                plans=plans,
                clock=self.clock,
                overriding=[one.domain for one in adoption.policies if one.overrides_cache_control],
                inner=self._inner,
                name=self.settings.service,
            ),
            Middleware(
                InvalidationMiddleware,
                settlement=self._settlement,
                plans=plans,
                refresh=self.cache.refresh,
            ),
        ]

    def _forwarded(self) -> list[Middleware]:
        proxies = Networks(self.settings.trusted_proxies, "trusted proxies")
        root_path = prefix_of(self.settings.root_path)
        if not (proxies or root_path):
            return []
        return [Middleware(ForwardedMiddleware, proxies=proxies, root_path=root_path)]

    def routes(self) -> list[BaseRoute]:
        """Return the kit's own endpoints."""
        return endpoints(
            self.settings,
            self._adoption,
            self._checks(),
            drain=self.drain,
            measurements=self.measurements,
            recent=self.tracing.recent,
            store=self.cache.store,
            rollout=self.rollout,
            switch=CacheSwitch(
                self.rollout,
                self.kill_switch,
                identity_of,
                self._adoption.naming,
                domains=[policy.domain for policy in self._adoption.policies],
                exists=None if self.warming is None else self.warming.exists,
            ),
            warming=self.warming,
            clock=self.clock,
        )

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Run what the kit does beside the requests, until the block ends; then leave nothing behind.

        Raises:
            ConfigurationError: The workers share their counts, and this process was forked from the
                one that built the application: they would all count into one worker's cells.
        """
        if self.settings.metrics_directory is not None and self._process != os.getpid():
            raise ConfigurationError(
                "metrics directory",
                "the application was built before its worker was forked; build it in each worker"
                " (gunicorn: leave out --preload)",
            )
        async with AsyncExitStack() as stack:
            stack.callback(self.logs.close, _FAREWELL_S)
            if self._output is None:
                stack.enter_context(self.logs.taken_over())
            stack.callback(self.measurements.close)
            stack.push_async_callback(self.tracing.aclose)
            if self.database is not None:
                stack.push_async_callback(self.database.aclose)
            stack.push_async_callback(self.cache.aclose)
            if self._consistency is not None:
                await stack.enter_async_context(self._consistency.running())
            await stack.enter_async_context(_beside(self.measurements.run()))
            if self.warming is not None:
                stack.push_async_callback(self.warming.aclose)
                if self.settings.cache.warm_rate:
                    warm = self.warming.at_start(app, self.settings.cache.warm_rate)
                    await stack.enter_async_context(_beside(warm))
            yield

    def _near_answers(self, sign_in: SignIn, plans: CachePlans) -> NearAnswers:
        return NearAnswers(
            sign_in=sign_in,
            plans=plans,
            hits=self.cache.near_hits,
            clock=self.clock,
            name=self.settings.service,
        )

    def _cache(self, admission: Admission) -> TenantCache:
        return build_cache(
            self.settings.cache,
            self._adoption,
            observer=self.measurements.cache,
            tracer=self.tracing.tracer,
            clock=self.clock,
            admission=admission,
            rollout=self.rollout,
        )

    def _follow(self, url: str) -> None:
        with needed_for("database_url", "database"):  # a service without a database loads none of it
            from monitor.consistency.cache_lease import CacheLease  # noqa: PLC0415
            from monitor.consistency.protocol import Timing  # noqa: PLC0415
            from monitor.consistency.protocol_worker import ProtocolWorker  # noqa: PLC0415
            from monitor.database.engine import Database  # noqa: PLC0415

        settings, measured = self.settings, self.measurements
        timing = Timing(lease_s=settings.cache.lease_s, poll_s=settings.cache.poll_s)
        lease = CacheLease(self.clock, timing, shared=not settings.cache.in_memory)
        self.cache = self._cache(lease)
        self._consistency = ProtocolWorker(
            url,
            lease=lease,
            cache=self.cache,
            database_observer=measured.database,
            observer=measured.cache,
            clock=self.clock,
            timing=timing,
            rollout=self.rollout,
            application_name=self._adoption.pool.application_name,
        )
        self.kill_switch = self._consistency.kill_switch
        self._settlement = self._consistency.settlement
        self.database = Database(
            url,
            observer=measured.database,
            tracer=self.tracing.tracer,
            clock=self.clock,
            settlement=self._settlement,
            pool=self._adoption.pool,
            slow_query_s=settings.slow_query_s,
            tenant_column=self._adoption.tenant_column,
            declared_only=True,
        )
        if self._adoption.warmed is not None:
            self.warming = CacheWarming(
                self._inner,
                partial(self._adoption.warmed, self.database),
                ready=self._consistency.in_use,
                clock=self.clock,
                identify=identity_of,
                naming=self._adoption.naming,
            )

    def _checks(self) -> list[Check]:
        checks = [Check("cache", self.cache.reach)]
        if self.database is not None:
            checks.append(Check("database", self.database.ping, essential=True))
        return checks


def _measurements(
    settings: MonitorSettings, adoption: Adoption, clock: Clock, registry: CollectorRegistry
) -> Measurements:
    measurements = Measurements(
        registry,
        clock,
        domains=[policy.domain for policy in adoption.policies],
        tenants=settings.tenant_budget,
        idle_s=settings.tenant_idle_s,
        directory=settings.metrics_directory,
        longest_window_s=max(600.0, settings.window_s),
        metrics=with_own(adoption.metrics),
        hold_s=settings.scrape_interval_s * _LATE_SCRAPE,
    )
    measurements.runtime.describe_build(settings.service, settings.version)
    measurements.state_objectives({one.name: one.bound for one in adoption.objectives.thresholds})
    return measurements


def _tracing(
    settings: MonitorSettings, adoption: Adoption, clock: Clock, measurements: Measurements
) -> Tracing:
    return build_tracing(
        Service(settings.service, settings.version, settings.environment, uuid4().hex),
        clock=clock,
        observer=measurements.traces,
        ratio=settings.sampling_ratio,
        slow_s=adoption.objectives.latency_mean.bound,
        endpoint=settings.otlp_endpoint,
        recent=settings.recent_traces,
        trusted=Networks(settings.trusted_callers, "trusted callers"),
        forced_per_s=settings.forced_sampling_per_s,
    )


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
