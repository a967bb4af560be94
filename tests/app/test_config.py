"""The configuration is read once, whole, and a wrong value stops the start with one line."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from app.config import VARIABLES, AppConfig, env_example, load
from app.variables import Secret
from monitor.errors import ConfigurationError
from tests.app.service import KEY, KEY_TEXT

ROOT = Path(__file__).parents[2]
LEAST = {"TASKMED_TOKEN_KEYS": KEY_TEXT}


def test_the_least_configuration_serves_one_embedded_worker() -> None:
    """With a key alone the service runs on SQLite and its own memory."""
    config = AppConfig.from_environ(LEAST)

    assert ("127.0.0.1", 8000, 1, "granian") == (config.host, config.port, config.workers, config.server)
    assert Secret("sqlite+aiosqlite:///var/taskmed.db") == config.database_url
    assert "memory://" == config.monitor.cache.url
    assert (KEY,) == config.token_keys
    assert config.stress is False
    assert config.monitor.otlp_endpoint is None


def test_every_variable_reaches_its_place() -> None:
    """Each variable changes what it names, in base units."""
    config = AppConfig.from_environ(
        {
            **LEAST,
            "HOST": "0.0.0.0",
            "PORT": "9000",
            "WORKERS": "2",
            "TASKMED_SERVER": "uvicorn",
            "TASKMED_ENVIRONMENT": "production",
            "TASKMED_MAX_BODY_KB": "1",
            "DATABASE_URL": "postgresql+asyncpg://u:p@db/taskmed",
            "TASKMED_POOL_SIZE": "20",
            "TASKMED_SLOW_QUERY_MS": "250",
            "TASKMED_TOKEN_LEEWAY_S": "0",
            "CACHE_URL": "redis://cache:6379/0",
            "TASKMED_SEALING_KEYS": KEY_TEXT,
            "TASKMED_CACHE_TIMEOUT_MS": "20",
            "TASKMED_CACHE": "off",
            "TASKMED_CACHE_SHARE": "0.5",
            "TASKMED_CACHE_SAMPLE_SHARE": "0.25",
            "TASKMED_NEAR_CACHE_MB": "0",
            "OTEL_SERVICE_NAME": "clinic",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            "TASKMED_SAMPLING_RATIO": "1",
            "TASKMED_TENANT_BUDGET": "10",
            "TASKMED_METRICS_DIR": "/tmp/metrics",
            "TASKMED_LOG_LEVEL": "WARNING",
            "TASKMED_ACCESS_LOG": "off",
            "TASKMED_STRESS": "on",
        }
    )

    assert ("0.0.0.0", 9000, 2, "uvicorn") == (config.host, config.port, config.workers, config.server)
    assert (1024, 20, 0.0, True) == (
        config.max_body_bytes,
        config.pool_size,
        config.token_leeway_s,
        config.stress,
    )
    kit, cache = config.monitor, config.monitor.cache
    assert ("clinic", "production", "http://collector:4318") == (
        kit.service,
        kit.environment,
        kit.otlp_endpoint,
    )
    assert (1.0, 10, "warning", False, 0.25) == (
        kit.sampling_ratio,
        kit.tenant_budget,
        kit.log_level,
        kit.access_log,
        kit.slow_query_s,
    )
    assert Path("/tmp/metrics") == kit.metrics_directory
    assert ("redis://cache:6379/0", 0.02, False, 0.5, 0.25, 0) == (
        cache.url,
        cache.timeout_s,
        cache.enabled,
        cache.share,
        cache.sampled_share,
        cache.near_bytes,
    )
    assert {"test": KEY.secret} == cache.sealing_keys


def test_the_configuration_cannot_change() -> None:
    """What was read at the start holds until the end."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        AppConfig.from_environ(LEAST).port = 1  # type: ignore[misc]


def test_no_secret_shows_in_the_configuration() -> None:
    """Printing the configuration prints no password and no key."""
    config = AppConfig.from_environ(
        {
            **LEAST,
            "DATABASE_URL": "postgresql+asyncpg://u:hunter2@db/taskmed",
            "CACHE_URL": "redis://:hunter2@cache:6379/0",
            "TASKMED_SEALING_KEYS": KEY_TEXT,
        }
    )

    shown = repr(config)
    assert "hunter2" not in shown
    assert repr(KEY.secret) not in shown
    assert KEY_TEXT not in shown


@pytest.mark.parametrize(
    ("variables", "variable", "words"),
    [
        ({"TASKMED_TOKEN_KEYS": ""}, "TASKMED_TOKEN_KEYS", "is not set"),
        ({"PORT": "http"}, "PORT", "from 1 to 65535"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL", "postgresql+asyncpg://"),
        ({"CACHE_URL": "redis://cache:6379"}, "TASKMED_SEALING_KEYS", "openssl"),
        ({"WORKERS": "2"}, "CACHE_URL", "WORKERS=1"),
        ({"TASKMED_CASHE": "on"}, "TASKMED_CASHE", "did you mean TASKMED_CACHE?"),
        ({"TASKMED_XYZZY_QUUX": "on"}, "TASKMED_XYZZY_QUUX", ".env.example"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(
    variables: dict[str, str], variable: str, words: str
) -> None:
    """The line names the variable, what is wrong and what to do."""
    with pytest.raises(ConfigurationError) as wrong:
        AppConfig.from_environ({**LEAST, **variables})

    assert variable == wrong.value.variable
    assert words in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_command_lines_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`load` reads the process's environment, and what the caller gives wins."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    monkeypatch.setenv("TASKMED_TOKEN_KEYS", KEY_TEXT)
    monkeypatch.setenv("PORT", "9000")

    assert 9000 == load().port
    assert 9001 == load({"PORT": "9001"}).port


def test_the_example_is_written_from_the_table() -> None:
    """`.env.example` is what `python -m app.config` writes."""
    assert env_example() == (ROOT / ".env.example").read_text(encoding="utf-8")


def test_the_example_explains_every_variable() -> None:
    """Every variable stands in the example once, under an explanation, and its default is right."""
    found = re.findall(r"^# .+\n#?([A-Z_]+)=(.*)$", env_example(), re.MULTILINE)

    assert {variable.name: variable.default or "" for variable in VARIABLES} == dict(found)
    assert len(VARIABLES) == len(found)
