"""`python -m monitor.definitions`: write alerts, dashboards and their documents."""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.definitions.deployment import Deployment
from monitor.definitions.writer import definitions, documents, write


def main(arguments: list[str] | None = None) -> None:
    """Write every definition below the directory asked for."""
    standard = Deployment()
    parser = argparse.ArgumentParser(prog="python -m monitor.definitions", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path(), help="directory to write below (default: here)")
    parser.add_argument("--job", default=standard.job, help="the service's Prometheus job")
    parser.add_argument("--title", default=standard.title, help="the service's name on pages")
    parser.add_argument("--grafana-url", default=standard.grafana_url, help="base of links to dashboards")
    parser.add_argument("--runbooks-url", default=standard.runbooks_url, help="base of links to runbooks")
    options = parser.parse_args(arguments)
    deployment = Deployment(
        job=options.job,
        title=options.title,
        grafana_url=options.grafana_url,
        runbooks_url=options.runbooks_url,
    )
    write(definitions(deployment) | documents(deployment, options.out), options.out)


if __name__ == "__main__":
    main()
