"""What a newer document takes away from those who were built on an older one."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["breaking_changes"]

Schema = Mapping[str, Any]


def breaking_changes(older: Schema, newer: Schema) -> list[str]:
    """Name what callers of the older document can no longer rely on, a line for each."""
    return [*_paths(older, newer), *_answers(older, newer)]


def _paths(older: Schema, newer: Schema) -> Iterator[str]:
    for path, methods in older["paths"].items():
        for method, before in methods.items():
            name = f"{method.upper()} {path}"
            after = newer["paths"].get(path, {}).get(method)
            if after is None:
                yield f"{name} is gone"
            else:
                yield from (f"{name}: {text}" for text in _operation(before, after))


def _operation(before: Schema, after: Schema) -> Iterator[str]:
    taken = {each["name"]: each for each in after["parameters"]}
    known = {each["name"]: each for each in before["parameters"]}
    for name, old in known.items():
        if name not in taken:
            yield f"parameter {name} is gone"
            continue
        if taken[name]["required"] and not old["required"]:
            yield f"parameter {name} is required"
        yield from _narrowed(f"parameter {name}", old["schema"], taken[name]["schema"])
    for name in taken.keys() - known.keys():
        if taken[name]["required"]:
            yield f"parameter {name} is new and required"
    for code in before["responses"].keys() - after["responses"].keys():
        if code < "300":
            yield f"answer {code} is gone"
    for code in sorted(before["responses"].keys() & after["responses"].keys()):
        kinds = _kinds(before, code) - _kinds(after, code)
        yield from (f"answer {code} no longer comes as {kind}" for kind in sorted(kinds))


def _kinds(operation: Schema, code: str) -> set[str]:
    return set(operation["responses"][code].get("content", ()))


def _narrowed(what: str, old: Schema, new: Schema) -> Iterator[str]:
    if old.get("type") != new.get("type"):
        yield f"{what} was {old.get('type')} and is {new.get('type')}"
    for value in old.get("enum", ()):
        if value not in new.get("enum", old["enum"]):
            yield f"{what} no longer takes {value}"
    for bound, tighter in (("maximum", min), ("maxLength", min), ("minimum", max)):
        if bound in new and (bound not in old or tighter(old[bound], new[bound]) != old[bound]):
            yield f"{what} has a tighter {bound}"


def _answers(older: Schema, newer: Schema) -> Iterator[str]:
    """Compare models: whatever was there must stay there and keep its type."""
    now = newer["components"]["schemas"]
    for name, before in older["components"]["schemas"].items():
        after = now.get(name, {})
        fields = after.get("properties", {})
        for field, old in before.get("properties", {}).items():
            if field not in fields:
                yield f"{name}.{field} is gone"
            elif not _kind(fields[field]) <= _kind(old):
                yield f"{name}.{field} may be of another type"
        for field in after.get("required", ()):
            if name.endswith(("Patch", "Put")) and field not in before.get("required", ()):
                yield f"{name}.{field} is required"


def _kind(schema: Schema) -> set[str]:
    several = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if several:
        return set().union(*(_kind(each) for each in several))
    return {str(schema.get("$ref", schema.get("type", "any")))}
