"""cfn-lint finds nothing in what the stages would deploy, without any option."""

import json

import pytest

from tests.deploy.lab import parts, template

config = pytest.importorskip("cfnlint.config", reason="cfn-lint is not installed")
decode = pytest.importorskip("cfnlint.decode.decode")
runner = pytest.importorskip("cfnlint.runner")


@pytest.mark.parametrize("name", ["dev", "test", "prod"])
def test_templates_are_what_cloudformation_takes(name: str) -> None:
    linter = runner.Runner(config.ConfigMixIn())

    found = []
    for part in parts(name):
        decoded, problems = decode.decode_str(json.dumps(template(name, part).to_json()))
        found += problems
        found += linter.validate_template(decoded)

    assert [f"{each.rule.id} {each.path}: {each.message}" for each in found] == []
