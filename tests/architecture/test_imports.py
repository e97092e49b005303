import sys
import tomllib
from pathlib import Path

from .project import ROOT, output


def test_imports_keep_every_contract() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    assert "0 broken" in output(linter, "--no-logo", "--no-cache")


def test_no_contract_has_exceptions() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    contracts = settings["tool"]["importlinter"]["contracts"]

    assert contracts
    assert [each["name"] for each in contracts if each.get("ignore_imports")] == []
