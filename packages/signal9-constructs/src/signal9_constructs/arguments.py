"""What every construct does with its arguments: check them, unwrap them, pass further props on.

An argument of a wrong kind is refused before anything is made, and what the CDK itself refuses is a
`ConstructError`, too. The kinds are those of the annotations.
"""

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, wraps
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    Protocol,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)

from aws_cdk import Token
from constructs import Construct
from jsii.errors import JavaScriptError, JSIIError

from .errors import ConstructError

__all__ = ["Wrapper", "checked", "implements", "merge", "struct_values", "unwrap"]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_Class = TypeVar("_Class", bound=type)


@runtime_checkable
class Wrapper(Protocol[_T_co]):
    """A construct around a resource of the CDK, such as those of this library."""

    @property
    def resource(self) -> _T_co:
        """The resource that the construct is about."""


def unwrap(value: _T | Wrapper[_T]) -> _T:
    """Return the resource of a construct that wraps one; anything else is returned as it is."""
    return value.resource if isinstance(value, Wrapper) else value


def merge(scope: Construct, props: object, own: object, defaults: object = None) -> dict[str, Any]:
    """Return the keyword arguments of an L2 construct: of `defaults`, then `props`, then `own`.

    Each is a struct of the CDK, or a mapping where a struct has required members. `own` is what the
    construct's arguments decide: the same name in `props` is refused. `props` replace `defaults`.
    """
    decided, further = struct_values(own), struct_values(props)
    twice = sorted(set(decided) & set(further))
    if twice:
        raise ConstructError(
            f"{scope.node.path}: props must not set {', '.join(twice)}: "
            f"{type(scope).__name__} does, from its other arguments"
        )
    return {**struct_values(defaults), **further, **decided}


def struct_values(struct: object) -> dict[str, Any]:
    """Return the members of a struct of the CDK that are not `None`, or those of a mapping."""
    if struct is None:
        return {}
    if isinstance(struct, Mapping):
        return dict(struct)
    values = {name: getattr(struct, name) for name in inspect.signature(type(struct)).parameters}
    return {name: value for name, value in values.items() if value is not None}


def checked(class_: _Class) -> _Class:
    """Check the arguments of the class and of its public methods against their annotations."""
    for name, member in list(vars(class_).items()):
        if name != "__init__" and name.startswith("_"):
            continue
        if inspect.isfunction(member):
            setattr(class_, name, _checked(member, class_.__name__))
        elif isinstance(member, classmethod):
            setattr(class_, name, classmethod(_checked(member.__func__, class_.__name__)))
    return class_


def _checked(function: Callable[..., _T], class_name: str) -> Callable[..., _T]:
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: object, **kwargs: object) -> _T:
        try:
            arguments = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # which raises Python's own error
        problems = list(_problems(signature, arguments, _kinds(function)))
        if problems:
            raise ConstructError(f"{_place(arguments, class_name)}: {'; '.join(problems)}")
        try:
            return function(*args, **kwargs)
        except (JSIIError, RuntimeError) as error:
            if not isinstance(error.__cause__, JavaScriptError):
                raise
            raise ConstructError(f"{_place(arguments, class_name)}: {error}") from None

    return call


def _problems(
    signature: inspect.Signature, arguments: Mapping[str, Any], kinds: Mapping[str, object]
) -> Iterator[str]:
    for name, value in arguments.items():
        variadic = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
        for item in value if variadic else (value,):
            problem = _problem(item, kinds.get(name, object), name)
            if problem:
                yield problem


@cache
def _kinds(function: Callable[..., object]) -> Mapping[str, Any]:
    return get_type_hints(function)


def _place(arguments: Mapping[str, object], class_name: str) -> str:
    """Return the path of the construct, or of the one that is to be made."""
    construct, scope = arguments.get("self"), arguments.get("scope")
    if isinstance(construct, Construct) and hasattr(construct, "__jsii_ref__"):
        return construct.node.path or class_name
    if isinstance(scope, Construct):
        return "/".join(filter(None, (scope.node.path, str(arguments.get("id_", "")))))
    return class_name


def _problem(value: object, kind: object, name: str) -> str | None:
    """Return what is wrong with a value, or `None`."""
    members = [each for each in _alternatives(kind) if each is not NoneType]
    if len(members) == 1 and value is not None:
        (kind,) = members
        for place, item, item_kind in _items(value, kind):
            problem = _problem(item, item_kind, f"{name}[{place}]")
            if problem:
                return problem
    if _fits(value, kind):
        return None
    shown = value if type(value) in (int, float) else _article(_class_name(value))
    return f"{name} is {shown}: must be {_description(kind)}"


def _items(value: object, kind: object) -> Iterable[tuple[object, object, object]]:
    """Yield the place, value and kind of each member of a list or mapping."""
    origin, kinds = get_origin(kind), get_args(kind)
    if not isinstance(origin, type) or not kinds or isinstance(value, str | bytes):
        return
    if issubclass(origin, Mapping) and isinstance(value, Mapping):
        yield from ((key, item, kinds[1]) for key, item in value.items())
    elif issubclass(origin, tuple) and isinstance(value, tuple) and kinds[-1] is not Ellipsis:
        yield from zip(range(len(kinds)), value, kinds, strict=False)
    elif issubclass(origin, Iterable) and isinstance(value, Collection):
        yield from ((position, item, kinds[0]) for position, item in enumerate(value))


def _fits(value: object, kind: object) -> bool:
    """Whether a value is of a kind: an annotation of a construct's argument."""
    alternatives = _alternatives(kind)
    if len(alternatives) > 1:
        return any(_fits(value, each) for each in alternatives)
    origin = get_origin(kind) or kind
    if origin is Any or not isinstance(origin, type):
        return origin is not Literal or value in get_args(kind)
    if origin in (int, float):
        return _fits_number(value, int if origin is int else int | float)
    if getattr(origin, "_is_protocol", False):
        return _fits_protocol(value, origin, get_args(kind))
    if isinstance(value, str | bytes) and origin.__module__ == "collections.abc":
        return False  # a text is a sequence of texts, but nobody means it
    return any(isinstance(each, origin) for each in _delegates(value)) and all(
        _fits(item, item_kind) for _, item, item_kind in _items(value, kind)
    )


def _alternatives(kind: object) -> tuple[object, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _fits_number(value: object, type_: type | UnionType) -> bool:
    """Whether a value is a number of the type that is not negative, or a token in place of one."""
    if isinstance(value, bool) or not isinstance(value, type_):
        return False
    return cast("float", value) >= 0 or Token.is_unresolved(value)


def _fits_protocol(value: object, protocol: type, kinds: tuple[object, ...]) -> bool:
    if protocol is Wrapper:
        return isinstance(value, Wrapper) and _fits(value.resource, kinds[0])
    if hasattr(protocol, "__jsii_type__"):
        return implements(value, protocol)
    names = {*dir(protocol), *get_type_hints(protocol)}
    return all(hasattr(value, name) for name in names if not name.startswith("_"))


def implements(value: object, interface: type) -> bool:
    """Whether a value declares to implement an interface of the CDK."""
    declared = (
        base
        for each in _delegates(value)
        for class_ in type(each).__mro__
        for type_ in (class_, *getattr(class_, "__jsii_ifaces__", ()))
        for base in type_.__mro__
    )
    name = getattr(interface, "__jsii_type__", None)
    return any(getattr(base, "__jsii_type__", None) == name for base in declared)


def _delegates(value: object) -> Sequence[object]:
    """Return the objects that stand for a value that the CDK returned by its interfaces only."""
    return [value, *vars(value).get("_delegates", ())] if hasattr(value, "__dict__") else [value]


def _description(kind: object) -> str:
    """Return the kinds that are accepted, in words."""
    alternatives = _alternatives(kind)
    if len(alternatives) > 1:
        *first, last = dict.fromkeys(_description(each) for each in alternatives)
        return f"{', '.join(first)} or {last}" if first else last
    origin, kinds = get_origin(kind) or kind, get_args(kind)
    if origin in (int, float):
        return "a whole number, not negative" if origin is int else "a number, not negative"
    if origin is NoneType:
        return "None"
    if origin is Literal:
        return " or ".join(map(repr, kinds))
    if origin is Wrapper:
        return f"a construct around {_description(kinds[0])}"
    name = _article(getattr(origin, "__name__", str(origin)))
    return f"{name} of {_description(kinds[-1])}" if kinds else name


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeio' else 'a'} {name}"


def _class_name(value: object) -> str:
    return type(value).__name__.strip("_").removesuffix("Proxy")
