"""Names that no source of ours reads, and who reads them: vulture takes them for used.

`make lint` calls any other unread name dead code; a test finds a line here that is no longer needed.
"""

# ruff: noqa: B018, F821, SLF001 - each line is a use, and names nothing that is imported

# Python's own protocols.
__getattr__  # of the module `monitor`, PEP 562
__dir__  # the same
exc_type  # first argument of `__exit__`
traceback  # third argument of `__exit__`
_.raiseExceptions  # of `logging`, read when a handler fails
_.lastResort  # of `logging`, used where no handler is
_._told_by_monitor  # written on an exception, looked up by its name
_.unraisablehook  # of `sys`, called for what cannot be raised
_.showwarning  # of `warnings`, called for each warning
_.writable  # of a stream
_.encoding  # the same

# asyncio calls a protocol.
_.data_received
_.connection_lost

# http.server calls a handler.
_.do_GET
_.do_POST
_.log_message

# OpenTelemetry's API calls or names them.
_.add_event
_.update_name
escaped  # argument of `record_exception`

# prometheus-client asks a collector.
_.describe

# granian keeps and asks its book of restarts.
_.respawned_wrks

# A service calls it for metrics of its own.
_.by_tenant

# SQLAlchemy and Alembic.
branch_labels  # of a migration
VERSIONS  # an adopter's own Alembic names it among its version_locations
impl  # of a TypeDecorator
cache_ok  # the same
_.process_bind_param
_.process_result_value
_.invalidate_pool_on_disconnect  # set for the engine to read
_.is_disconnect  # the same
remember  # listens to an engine
down_revision  # of a migration

# Starlette, PyYAML and Typer.
_.background  # of a response, read by what sends it
_.redirect_slashes  # set for the router to read
_.ignore_aliases  # of a dumper
demo  # a command

# Fields of JSON documents: the API's clients read them, docs/openapi.json lists them.
_.appointment_minutes
_.as_of
_.avg_response_time
_.busiest
_.error_bound
_.error_rate
_.hit_rate
_.latency_ms
_.minimum_samples
_.new_medical_records
_.next_7_days
_.no_show_share
_.notes
_.objective
_.p50
_.prev
_.reminder_hours
_.seconds_left
_.this
_.total_calls
_.updated_at

# What adopters test with: `monitor.testing`.
FakeRedisStore
FaultyStore
ManualClock
RecordingObserver
SpanRecorder
_.fail_over
_.restart
_.run_queued
_.sleepers

# Bounds and facts that tests and benchmarks hold the rest to, and what they set up with.
create_kit_tables
_.resume  # the same
_.viewers  # of the console's live pages
TICKETS_OVER_PAGES  # the one ticket that may mute pages
_.series_budget  # the most series of a scrape
_.await_delivery  # a drill's receiver, asked by the tests of Alertmanager's configuration
