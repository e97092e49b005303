"""Checks, outside the source tree, that the installed wheels are whole."""

import importlib
import importlib.metadata
import pkgutil

PACKAGES = ("signal9_core", "signal9_constructs", "signal9_handlers")
LIMIT_MB = 2

for name in PACKAGES:
    package = importlib.import_module(name)
    files = importlib.metadata.files(name.replace("_", "-")) or []
    assert any(file.name == "py.typed" for file in files), f"{name} lacks py.typed"
    assert any(file.name == "LICENSE" for file in files), f"{name} lacks its licence"
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith(("__main__", "stores.dynamodb")):
            importlib.import_module(module.name)
    print(f"{name} {package.__version__}: {len(files)} files, every module imports")

sample = [
    file for file in importlib.metadata.files("signal9-core") or [] if "sample/data" in str(file)
]
size = sum(file.size or 0 for file in sample)
assert sample, "the sample's data is missing"
assert size <= LIMIT_MB * 1_000_000, f"the sample takes {size} bytes"
print(f"sample: {len(sample)} files, {size / 1_000_000:.2f} MB")
