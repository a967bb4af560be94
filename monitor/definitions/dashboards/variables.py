"""The variables that dashboards share; links hand them on by name."""

from __future__ import annotations

from monitor.definitions.dashboards.panel import DATASOURCE, Json
from monitor.metrics.catalogue import BUILD, CACHE_REQUESTS, HTTP_DURATION, TENANT_REQUESTS

JOB = 'job=~"$job"'
TENANT = 'tenant=~"$tenant"'
ROUTE = 'http_route=~"$route"'
DOMAIN = 'domain=~"$domain"'

_EVERY: Json = {"text": ["All"], "value": ["$__all"], "selected": True}


def datasource() -> Json:
    """Choose the Prometheus to ask."""
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
    }


def _labels(name: str, label: str, query: str, every: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": f"variable-{name}", "qryType": 1},
        "current": _EVERY,
        "hide": 0,
        "includeAll": True,
        "allValue": every,
        "multi": True,
        "options": [],
        "refresh": 2,
        "regex": "",
        "skipUrlSync": False,
        "sort": 3,
    }


def job() -> Json:
    """Choose services."""
    return _labels("job", "Job", f"label_values({BUILD.name}_info, job)", ".+")


def tenant() -> Json:
    """Choose tenants."""
    return _labels("tenant", "[[Tenant]]", f"label_values({TENANT_REQUESTS.name}{{{JOB}}}, tenant)", ".*")


def route() -> Json:
    """Choose routes."""
    return _labels("route", "Route", f"label_values({HTTP_DURATION.name}_count{{{JOB}}}, http_route)", ".*")


def domain() -> Json:
    """Choose domains of the cache."""
    return _labels("domain", "Domain", f"label_values({CACHE_REQUESTS.name}{{{JOB}}}, domain)", ".*")


def top() -> Json:
    """Choose how many tenants a top list shows."""
    choices = ("10", "25", "50", "100")
    return {
        "name": "top",
        "label": "Top",
        "type": "custom",
        "query": ",".join(choices),
        "current": {"text": choices[0], "value": choices[0], "selected": True},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [{"text": each, "value": each, "selected": each == choices[0]} for each in choices],
        "skipUrlSync": False,
    }


def number(name: str, label: str, value: str, description: str) -> Json:
    """Ask for a number that no metric knows."""
    return {
        "name": name,
        "label": label,
        "type": "textbox",
        "description": description,
        "query": value,
        "current": {"text": value, "value": value, "selected": True},
        "hide": 0,
        "options": [{"text": value, "value": value, "selected": True}],
        "skipUrlSync": False,
    }
