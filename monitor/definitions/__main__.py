"""`python -m monitor.definitions`: write alerts, dashboards, runbooks and objectives of a service."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from monitor.definitions.deployment import Deployment
from monitor.definitions.load_deployment import load_deployment
from monitor.errors import ConfigurationError
from monitor.extras import needed_for

_OPTIONS = {
    "job": "the service's Prometheus job",
    "title": "the service's name on pages",
    "prefix": "begins dashboards' uids and tags, and groups' names (default: the job)",
    "alert_prefix": "begins alerts' names (default: the prefix in CamelCase)",
    "grafana_url": "base of links to dashboards",
    "runbooks_url": "base of links to runbooks",
}


def main(arguments: list[str] | None = None) -> None:
    """Write every definition below the directory asked for."""
    parser = argparse.ArgumentParser(prog="python -m monitor.definitions", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path(), help="directory to write below (default: here)")
    parser.add_argument(
        "--adoption",
        metavar="MODULE:OBJECT",
        help="a Deployment or an Adoption, or a function that returns one; options win over it",
    )
    for name, text in _OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", default=None, help=text)
    options = vars(parser.parse_args(arguments))
    try:
        with needed_for(parser.prog, "definitions"):
            from monitor.definitions.writer import definitions, documents, write  # noqa: PLC0415 - of an extra

        deployment = load_deployment(options["adoption"]) if options["adoption"] else Deployment()
        given = {name: options[name] for name in _OPTIONS if options[name] is not None}
        deployment = replace(deployment, **given)
        files = definitions(deployment) | documents(deployment, options["out"])
    except ConfigurationError as wrong:
        sys.exit(f"{parser.prog}: {wrong}")
    write(files, options["out"])


if __name__ == "__main__":
    main()
