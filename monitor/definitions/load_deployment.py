"""Finds what a service says about itself, by the name of a module and of a value in it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from monitor.cache.policy import CachePolicy
from monitor.definitions.deployment import Deployment
from monitor.errors import ConfigurationError
from monitor.objectives import Objectives
from monitor.tenancy.naming import TenantNaming

_NAME = "--adoption"


@runtime_checkable
class Adopted(Protocol):
    """The parts of an adoption that definitions are written from; the kit's `Adoption` has them."""

    @property
    def naming(self) -> TenantNaming:
        """What the service calls its tenants."""
        ...

    @property
    def objectives(self) -> Objectives:
        """What it promises."""
        ...

    @property
    def policies(self) -> Sequence[CachePolicy]:
        """How each of its domains is cached."""
        ...


def load_deployment(name: str) -> Deployment:
    """Return the deployment that `module:object` names.

    Args:
        name: The object is a `Deployment`, an adoption of the kit, or takes no argument and
            returns one of the two. The working directory is searched as well.

    Raises:
        ConfigurationError: There is no such module or object, or it is neither.
    """
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise ConfigurationError(_NAME, f"must be module:object, not {name!r}")
    found: Any = _imported(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise ConfigurationError(_NAME, f"{module_name} has no {path}")
        found = getattr(found, part)
    value = found() if callable(found) else found
    if isinstance(value, Deployment):
        return value
    if isinstance(value, Adopted):
        domains = tuple(policy.domain for policy in value.policies)
        return Deployment(naming=value.naming, objectives=value.objectives, domains=domains)
    raise ConfigurationError(_NAME, f"{name} is a {type(value).__name__}: give a Deployment or an Adoption")


def _imported(name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # a console script's path does not hold the directory it is run in
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not f"{name}.".startswith(f"{missing.name}."):
            raise  # the module is there; what it needs is not
        raise ConfigurationError(_NAME, f"there is no module {name}") from None
