"""`taskmed demo`: fill the database, with a progress bar."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime

from opentelemetry import trace
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.columns import TENANT_COLUMN
from app.config import AppConfig
from app.demo.clinics import DemoClinic
from app.demo.seeding import missing_clinics, seed
from monitor.clock import SystemClock
from monitor.database.database_observer import Unobserved
from monitor.database.database_settings import PoolSettings
from monitor.database.engine import Database


def fill(config: AppConfig, console: Console | None = None) -> None:
    """Write the demo clinics that the database does not hold, with a progress bar."""
    asyncio.run(_fill(config, console or Console(highlight=False)))


async def _fill(config: AppConfig, console: Console) -> None:
    database = Database(
        config.database_url.reveal(),
        observer=Unobserved(),
        tracer=trace.get_tracer("taskmed.demo"),
        clock=SystemClock(),
        tenant_column=TENANT_COLUMN,
        pool=PoolSettings(application_name="taskmed"),
        slow_query_s=math.inf,  # thousands of rows at once are slow and no news
    )
    try:
        clinics = await missing_clinics(database)
        if not clinics:
            return
        columns = (
            TextColumn("demo: {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("filling in clinics", total=len(clinics))

            def done(_clinic: DemoClinic, _rows: int) -> None:
                bar.advance(task)

            rows = await seed(database, clinics, datetime.now(UTC).date(), progress=done)
        console.print(f"demo: {len(clinics)} clinics, {rows:,} rows")
    finally:
        await database.aclose()
