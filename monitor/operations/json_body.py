"""A JSON document of the kit in the service's own names."""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from monitor.tenancy.naming import TenantNaming

_FIELD = "tenant_id"  # what the kit's own types call a tenant's id
T = TypeVar("T", bound=msgspec.Struct)


class JsonBody(Generic[T]):
    """Reads and writes a document whose tenant ids have the name that the service gives them.

    Attributes:
        type: The document's type as it is written, such as a description of the API needs it.

    Args:
        model: The kit's type.
        naming: What the service calls its tenants.
    """

    def __init__(self, model: type[T], naming: TenantNaming) -> None:
        same = naming == TenantNaming()
        self.type: type[msgspec.Struct] = model if same else _renamed(model, naming)
        self._model = model
        self._decoder = msgspec.json.Decoder(self.type)
        self._encode = msgspec.json.Encoder().encode

    def decode(self, text: bytes) -> T:
        """Read a document.

        Raises:
            msgspec.MsgspecError: It is not one.
        """
        return msgspec.convert(self._decoder.decode(text), self._model, from_attributes=True)

    def encode(self, body: T) -> bytes:
        """Write a document."""
        named = body if self.type is self._model else msgspec.convert(body, self.type, from_attributes=True)
        return self._encode(named)


@cache  # a type that two documents hold must be one type in an API's description
def _renamed(model: type[msgspec.Struct], naming: TenantNaming) -> type[msgspec.Struct]:
    """Return the type anew: a subclass would keep the names of the fields it inherits."""
    hints = get_type_hints(model, include_extras=True)
    fields = msgspec.structs.fields(model)
    config = model.__struct_config__
    namespace: dict[str, Any] = {"__doc__": naming.spoken(model.__doc__ or "")}
    if (check := getattr(model, "__post_init__", None)) is not None:
        namespace["__post_init__"] = check
    return msgspec.defstruct(
        model.__name__,
        [(field.name, _named(hints[field.name], naming), _default(field)) for field in fields],
        rename={
            field.name: naming.json_name if field.name == _FIELD else field.encode_name for field in fields
        },
        namespace=namespace,
        module=model.__module__,
        kw_only=True,
        omit_defaults=config.omit_defaults,
        forbid_unknown_fields=config.forbid_unknown_fields,
    )


def _named(annotation: Any, naming: TenantNaming) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _renamed(annotation, naming)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None or not arguments:
        return annotation
    if origin is Annotated:
        inner, *metadata = arguments
        return Annotated[(_named(inner, naming), *metadata)]
    named = tuple(_named(argument, naming) for argument in arguments)
    return reduce(or_, named) if origin in (Union, UnionType) else origin[named]


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field() if field.default is msgspec.NODEFAULT else msgspec.field(default=field.default)
