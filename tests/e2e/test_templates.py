"""cfn-lint finds nothing in what the stages would deploy."""

import json
from typing import Final

import pytest

from tests.deploy.lab import parts, template

config = pytest.importorskip("cfnlint.config", reason="cfn-lint is not installed")
decode = pytest.importorskip("cfnlint.decode.decode")
runner = pytest.importorskip("cfnlint.runner")


ACCEPTED: Final = {"W3005"}  # the CDK says depends-on where a reference says it, too


@pytest.mark.parametrize("name", ["dev", "test", "prod"])
def test_templates_are_what_cloudformation_takes(name: str) -> None:
    linter = runner.Runner(config.ConfigMixIn(regions=["us-east-1"]))

    found = []
    for part in parts(name):
        decoded, problems = decode.decode_str(json.dumps(template(name, part).to_json()))
        found += problems
        found += [
            each for each in linter.validate_template(decoded) if each.rule.id not in ACCEPTED
        ]

    assert [f"{each.rule.id} {each.path}: {each.message}" for each in found] == []
