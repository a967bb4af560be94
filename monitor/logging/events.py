"""Every event that the kit logs, and every field that a line may have.

A line keeps the fields listed here and drops all others, so that a name or a note never reaches a
log by accident. A test finds the log call whose event or field is not listed, and the line of this
list that nobody writes.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class LogEvent(NamedTuple):
    """One event.

    Attributes:
        name: What `event` says: lower case, words joined by underscores, what it is about first.
        levels: The levels that it is written at.
        fields: What the line says beside the fields of every line.
        meaning: What has happened, for whoever reads the line at night.
    """

    name: str
    levels: tuple[str, ...]
    fields: tuple[str, ...]
    meaning: str


# Of every line; those of the request stand where one is under way.
OF_LINES: Final = {
    "timestamp": "Time of the event, ISO 8601 in UTC, with milliseconds.",
    "level": "`debug`, `info`, `warning`, `error` or `critical`.",
    "event": "What happened: the name of an event, or the template of another library's line.",
    "trace_id": "Trace of the request under way.",
    "span_id": "Span under way.",
    "tenant": "Tenant that the line is about, or that the request is bound to; a service may name the field.",
    "route": "Template of the route that the request matched.",
    "logger": "Logger of another library.",
    "exception": "Class of the exception.",
    "stack": "Files, lines and functions of its traceback, the innermost last; at most 20.",
    "problem": "What a setting lacks, where the exception is a ConfigurationError.",
    "causes": "Classes and frames of its causes, contexts and, for a group, members; at most 16.",
    "unwritten": "Fields that could not be written as they were: no plain value, or no valid text.",
}

OF_EVENTS: Final = {
    "method": "Method of the request.",
    "status": "Status of the answer.",
    "outcome": "`success`, `client_error`, `server_error` or `cancelled`.",
    "error_type": "Class of the exception, or the status, that made it a failure.",
    "cache": "How the cache took part: `hit`, `miss`, `stale`, `bypass` or `error`.",
    "duration_ms": "Duration in milliseconds.",
    "summary": "Operation and table of a statement.",
    "seconds": "Duration in seconds.",
    "count": "How many the line stands for.",
    "domain": "Cache domain; `*` for all.",
    "operation": "Operation of the store.",
    "reason": "Why, as a word of the code, or the database's own code.",
    "detail": "Why, as a sentence of the code.",
    "host": "Host, port and name of the database, or the name of its file.",
    "remedy": "What to do about it.",
    "share": "Share of the traffic that may use the cache, 0 to 1.",
    "enabled": "Whether the durable switch lets the cache be used.",
    "state": "State that is entered.",
    "epoch": "Number of the cache epoch in force.",
    "previous_epoch": "Number of the cache epoch that was in force.",
    "answers": "Answers asked for.",
    "misses": "Answers among them that had to be loaded.",
    "errors": "Answers among them that failed.",
    "role": "Role of who signed in.",
    "place": "File, line and function that the line comes from.",
}

EVENTS: Final = (
    LogEvent(
        "request",
        ("info", "error"),
        ("method", "status", "outcome", "error_type", "cache", "duration_ms"),
        "A request has ended; a failed one is an error.",
    ),
    LogEvent(
        "exception_uncaught",
        ("error",),
        ("reason",),
        "An exception reached the end of a thread, of the main program or of a finaliser.",
    ),
    LogEvent(
        "python_warning", ("warning",), ("error_type", "place"), "Python warned; `error_type` is its class."
    ),
    LogEvent(
        "stray_output",
        ("warning",),
        ("operation", "count"),
        "So many lines were printed to `stdout` or `stderr` instead of logged; what they said is dropped.",
    ),
    LogEvent(
        "message_without_template",
        ("debug", "info", "warning", "error", "critical"),
        ("logger", "place"),
        "Another library logged a text that it made at run time, which may hold anything.",
    ),
    LogEvent("log_call_failed", ("error",), (), "A log call could not be written."),
    LogEvent("lifespan_failed", ("error",), (), "The application raised while it started or stopped."),
    LogEvent(
        "failed_after_answer",
        ("error",),
        (),
        "The application raised after its answer was complete, in a background task for one.",
    ),
    LogEvent("slow_query", ("warning",), ("summary", "seconds"), "A statement took longer than the bound."),
    LogEvent(
        "cache_bypassed",
        ("warning",),
        ("domain", "operation", "reason", "count"),
        "The store failed and lookups went to the database; one line a second for each domain and reason.",
    ),
    LogEvent(
        "cache_breaker_opened", ("warning",), ("count",), "The store failed so often that it is left alone."
    ),
    LogEvent(
        "cache_connect_failed",
        ("warning",),
        ("reason", "detail"),
        "No connection to the store can be made; it is tried again, and another fault is named again.",
    ),
    LogEvent("cache_breaker_closed", ("warning",), ("seconds",), "The store answers again, after so long."),
    LogEvent(
        "cache_refresh_failed",
        ("warning",),
        ("reason", "count"),
        "An invalidation of so many scopes did not reach the store; the outbox repeats it.",
    ),
    LogEvent(
        "cache_switched",
        ("warning",),
        ("domain", "tenant", "share"),
        "This worker now lets so much traffic use the cache.",
    ),
    LogEvent(
        "cache_durable_switch_moved",
        ("warning",),
        ("domain", "tenant", "enabled"),
        "An operator switched the cache off or on for every worker.",
    ),
    LogEvent(
        "cache_lease_changed", ("info",), ("state",), "This worker's right to use the cache has changed."
    ),
    LogEvent("cache_epoch_changed", ("info",), ("epoch",), "This worker follows another epoch."),
    LogEvent(
        "cache_epoch_began",
        ("warning",),
        ("previous_epoch",),
        "Another Redis primary answers: all that was cached before is void.",
    ),
    LogEvent(
        "cache_primary_outdated",
        ("warning",),
        ("epoch",),
        "The Redis primary that answers is of an older epoch; the worker connects anew.",
    ),
    LogEvent(
        "cache_primary_readopted",
        ("warning",),
        ("previous_epoch",),
        "A Redis primary of an older epoch went on answering and counts again, in an epoch of its own.",
    ),
    LogEvent(
        "cache_inconsistent", ("error",), ("domain", "tenant"), "A cached answer differed from the database."
    ),
    LogEvent(
        "cache_sample_failed", ("info",), ("domain", "error_type"), "A cached answer could not be compared."
    ),
    LogEvent(
        "cache_warmed",
        ("info",),
        ("answers", "misses", "errors", "seconds"),
        "What tenants ask for first has been asked for.",
    ),
    LogEvent(
        "cache_warming_failed", ("warning",), ("error_type",), "Something to warm could not be asked for."
    ),
    LogEvent(
        "outbox_poll_failed",
        ("warning",),
        ("error_type", "reason", "host", "remedy", "count"),
        "The outbox could not be read, so the cache is not used; at once, then one line a minute.",
    ),
    LogEvent(
        "outbox_poll_recovered",
        ("warning",),
        ("seconds", "count"),
        "The outbox can be read again, after so long.",
    ),
    LogEvent(
        "spans_not_exported",
        ("warning",),
        ("reason", "count"),
        "A receiver did not keep so many spans; one line a minute.",
    ),
    LogEvent(
        "standing_orders_unread",
        ("warning",),
        ("error_type",),
        "What operators ordered every worker could not be read; what was read before goes on to hold.",
    ),
    LogEvent(
        "token_keys_unread",
        ("warning",),
        ("error_type",),
        "The file of the tokens' keys has changed and cannot be read; the keys from before go on to hold.",
    ),
    LogEvent(
        "worker_restarted",
        ("warning",),
        ("count",),
        "Workers died and this one was started anew; so many restarts that nobody had counted.",
    ),
    LogEvent("console_look_failed", ("warning",), ("error_type",), "The console could not be drawn anew."),
    LogEvent(
        "console_sign_in_refused", ("warning",), ("reason",), "A token was refused at the console's door."
    ),
    LogEvent(
        "console_sign_out_untold",
        ("warning",),
        ("reason",),
        "A sign-out could not be told to the store: other workers may take the session for five minutes.",
    ),
    LogEvent("console_signed_in", ("info",), ("role",), "Somebody signed in to the console."),
)

FIELDS: Final = frozenset({*OF_LINES, *OF_EVENTS})
