"""Further props of an L2, beside the arguments of the construct that makes it."""

from collections.abc import Mapping
from typing import Any, cast

from constructs import Construct

from .errors import ConstructError

__all__ = ["merge_props"]


def merge_props(
    scope: Construct, own: object, further: object | None, *, arguments: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of the CDK struct `own`, overridden by those of `further`.

    `arguments` maps the props that the construct has an argument for to the argument: these are
    refused in `further`.
    """
    values = _values(own)
    for name, value in ({} if further is None else _values(further)).items():
        if name in arguments:
            raise ConstructError(
                f"{scope.node.path}: props: {name}: use the argument {arguments[name]}"
            )
        values[name] = value
    return values


def _values(struct: object) -> dict[str, Any]:
    # The attribute in which jsii keeps what a struct was made with.
    return dict(cast("Mapping[str, Any]", vars(struct)["_values"]))
