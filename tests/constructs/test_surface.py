"""What users of the library rely on changes only on purpose, and with notice."""

import difflib

from typing_extensions import deprecated

from tests.constructs.surface import RECORD, of_class, surface


def test_the_public_surface_is_the_recorded_one() -> None:
    recorded = RECORD.read_text("utf-8").splitlines()
    changes = difflib.unified_diff(recorded, surface().splitlines(), "recorded", "now", lineterm="")

    # If it is on purpose: python -m tests.constructs.surface, and a line in the changelog.
    assert "\n".join(changes) == ""


class Inherited:
    """What a class of the library may inherit."""

    def grant(self, to: str) -> None:
        """Inherited by users, too."""


class Example(Inherited):
    """A class with one of everything."""

    kind: str = "example"

    def __init__(self, scope: object, id_: str, *, days: int = 30, **props: object) -> None:
        self.resource: object = scope
        self._private = (id_, days, props)

    @property
    def name(self) -> str:
        """A property."""
        return self.kind

    @deprecated("use `grant`; removed in 2.0")
    def allow(self, *names: str) -> None:
        """Something that goes."""


def test_every_argument_attribute_and_deprecation_is_a_line_of_the_surface() -> None:
    assert list(of_class(Example)) == [
        "class Example(Inherited)",
        "    __init__ -> None",
        "        scope: object",
        "        id_: str",
        "        *",
        "        days: int = 30",
        "        **props: object",
        "    deprecated: use `grant`; removed in 2.0",
        "    allow -> None",
        "        *names: str",
        "    grant -> None",
        "        to: str",
        "    kind: str = 'example'",
        "    property name -> str",
        "    resource",
    ]


def test_a_deprecation_names_what_to_use_and_when_it_goes() -> None:
    notices = [line for line in surface().splitlines() if "deprecated:" in line]

    assert [line for line in notices if "use `" not in line or "removed in " not in line] == []
