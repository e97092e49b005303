"""Limits of AWS that a template exceeds, found at synthesis instead of during a deployment."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)

__all__ = ["LimitChecks"]

_Resource: TypeAlias = Mapping[str, Any]
_Resources: TypeAlias = Mapping[str, _Resource]

_PSEUDO_PARAMETERS: Final = {"AWS::Partition": 3, "AWS::AccountId": 12, "AWS::Region": 9}
_ASSUMED_LENGTH: Final = 60  # of a value that is known at deployment only
_TEMPLATE_BYTES: Final = 1024**2
_UNZIPPED_BYTES: Final = 250 * 1024**2
_WIDGETS: Final = 500


@dataclass(frozen=True, slots=True)
class _Limit:
    """The most that a property may have: characters as compact JSON, or entries of a list."""

    type: str
    property: str
    most: int
    fix: str
    entries: bool = False
    adjustable: bool = False


_STATEMENTS: Final = "merge statements, or name a prefix instead of each resource"
_LIMITS: Final = (
    _Limit("AWS::IAM::ManagedPolicy", "PolicyDocument", 6_144, "split the policy in two"),
    _Limit(
        "AWS::IAM::Role",
        "AssumeRolePolicyDocument",
        2_048,
        "name fewer principals, or raise the quota to 4,096",
        adjustable=True,
    ),
    _Limit(
        "AWS::IAM::Role",
        "ManagedPolicyArns",
        10,
        "merge policies, or raise the quota to 20",
        entries=True,
        adjustable=True,
    ),
    _Limit("AWS::SQS::QueuePolicy", "PolicyDocument", 8_192, _STATEMENTS),
    _Limit("AWS::SNS::TopicPolicy", "PolicyDocument", 30_720, _STATEMENTS),
    _Limit("AWS::S3::BucketPolicy", "PolicyDocument", 20_480, _STATEMENTS),
    _Limit("AWS::KMS::Key", "KeyPolicy", 32_768, _STATEMENTS),
    _Limit("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", 20_480, _STATEMENTS),
    _Limit("AWS::ApiGateway::RestApi", "Policy", 8_192, _STATEMENTS),
    _Limit(
        "AWS::Logs::ResourcePolicy",
        "PolicyDocument",
        5_120,
        "name a prefix of log groups instead of each group",
    ),
    _Limit("AWS::Events::Rule", "EventPattern", 2_048, "split the rule in two, with equal targets"),
    _Limit(
        "AWS::Events::Rule",
        "Targets",
        5,
        "add a second rule with the same pattern, or one topic as target",
        entries=True,
    ),
    _Limit(
        "AWS::Lambda::Function",
        "Environment/Variables",
        4_096,
        "read long values from Parameter Store, Secrets Manager or a file of the bundle",
    ),
    _Limit("AWS::CloudWatch::Alarm", "AlarmActions", 5, "notify one topic", entries=True),
    _Limit("AWS::CloudWatch::Alarm", "OKActions", 5, "notify one topic", entries=True),
    _Limit(
        "AWS::CloudWatch::CompositeAlarm", "AlarmRule", 10_240, "combine alarms in several steps"
    ),
)

_FEWER_STATEMENTS: Final = "permit a whole API, rule group or account once instead of each caller"
_PER_RESOURCE: Final = {
    # 20 KB hold about 47 statements.
    ("AWS::Lambda::Permission", "FunctionName"): (45, _FEWER_STATEMENTS),
    ("AWS::Logs::SubscriptionFilter", "LogGroupName"): (2, "send to one stream, and fan out there"),
    ("AWS::Logs::MetricFilter", "LogGroupName"): (100, "write metrics in embedded metric format"),
    ("AWS::ApiGateway::Resource", "RestApiId"): (300, "use {proxy+}, or raise the quota"),
    ("AWS::ApiGateway::Authorizer", "RestApiId"): (10, "share authorizers, or raise the quota"),
}
"""By type and the property that names the other resource: the most of them, and the way out."""
_INLINE_POLICIES: Final = {"Roles": 10_240, "Groups": 5_120, "Users": 2_048}


@dataclass(frozen=True, slots=True)
class _Excess:
    """A limit that a resource, or the template without one, exceeds or comes near to."""

    rule: str
    logical_id: str
    description: str
    fix: str
    error: bool = True


@jsii.implements(IPolicyValidationPlugin)
class LimitChecks:
    """A validation that reports what AWS would refuse for its size or number.

    What surely exceeds a limit is an error. What comes near one is a warning, and so is what
    depends on values known at deployment only, or what a larger quota permits.
    """

    @property
    def name(self) -> str:
        """The name in reports and acknowledgments of the CDK: `signal9-limits::policy-size`."""
        return "signal9-limits"

    @property
    def rule_ids(self) -> list[str] | None:
        """No rule is reported to the CDK's analytics."""
        return None

    @property
    def version(self) -> str | None:
        """No version is reported to the CDK's analytics."""
        return None

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Check every template."""
        violations = [
            _violation(excess, template, stack.stack_construct_path)
            for stack in context.stack_templates
            for template, excess in _check(Path(stack.template_path))
        ]
        return PolicyValidationPluginReport(
            success=all(violation.severity == "warning" for violation in violations),
            violations=violations,
        )


def _violation(excess: _Excess, template: Path, stack: str) -> PolicyViolation:
    resource = PolicyViolatingResource(
        construct_path=None if excess.logical_id else stack,
        resource_logical_id=excess.logical_id,
        template_path=str(template),
        locations=[],
    )
    return PolicyViolation(
        rule_name=excess.rule,
        description=excess.description,
        fix=excess.fix,
        severity="error" if excess.error else "warning",
        violating_resources=[resource],
    )


def _check(path: Path) -> Iterator[tuple[Path, _Excess]]:
    """Yield what a stack's template and those of its nested stacks exceed."""
    manifest = path.with_name(path.name.replace(".template.json", ".assets.json"))
    files = json.loads(manifest.read_text("utf-8"))["files"] if manifest.is_file() else {}
    assets = {hash_: path.parent / file["source"]["path"] for hash_, file in files.items()}
    nested = {asset for asset in assets.values() if asset.name.endswith(".nested.template.json")}
    for template in (path, *sorted(nested)):
        for excess in _check_template(template.read_text("utf-8"), assets):
            yield template, excess


def _check_template(text: str, assets: Mapping[str, Path]) -> Iterator[_Excess]:
    template = json.loads(text)
    resources = template.get("Resources", {})
    yield from _template_size(len(text.encode()), template)
    for logical_id, resource in resources.items():
        yield from _properties(logical_id, resource)
    for check in (_references, _inline_policies, _dashboards):
        yield from check(resources)
    yield from _unzipped_sizes(resources, assets)


def _template_size(size: int, template: Mapping[str, Any]) -> Iterator[_Excess]:
    split = "move constructs that change together into another stack or a nested one"
    if size > _TEMPLATE_BYTES * 0.8:
        description = f"the template has {size:,} bytes of at most {_TEMPLATE_BYTES:,}"
        yield _Excess("template-size", "", description, split, size > _TEMPLATE_BYTES)
    # The CDK itself refuses more than 500 resources.
    for section, most, warn in (
        ("Resources", 500, 400),
        ("Outputs", 200, 200),
        ("Parameters", 200, 200),
    ):
        count = len(template.get(section, {}))
        if count > warn:
            description = f"the template has {count} {section.lower()} of at most {most}"
            yield _Excess("template-entries", "", description, split, count > most)


def _properties(logical_id: str, resource: _Resource) -> Iterator[_Excess]:
    for limit in _LIMITS:
        if limit.type != resource["Type"]:
            continue
        value = resource.get("Properties", {})
        for name in limit.property.split("/"):
            value = value.get(name, {}) if isinstance(value, Mapping) else {}
        rule = "entries" if limit.entries else "size"
        measure = _count if limit.entries else _length
        yield from _excess(f"property-{rule}", logical_id, limit, measure, value)


def _excess(
    rule: str, logical_id: str, limit: _Limit, measure: Callable[[Any, int], int], value: Any
) -> Iterator[_Excess]:
    least, likely = measure(value, 1), measure(value, _ASSUMED_LENGTH)
    if likely > limit.most:
        unit = "entries" if limit.entries else "characters"
        number = f"{least:,}" if least == likely else f"{least:,} to about {likely:,}"
        description = f"{limit.property} has {number} {unit} of at most {limit.most:,}"
        error = least > limit.most and not limit.adjustable
        yield _Excess(rule, logical_id, description, limit.fix, error)


def _count(value: Any, _: int) -> int:
    return len(value) if isinstance(value, list) else 0


def _length(value: Any, unknown: int) -> int:
    """Return the characters of a value as compact JSON, with `unknown` for each reference."""
    return len(value if isinstance(value, str) else _rendered(value, unknown))


def _rendered(value: Any, unknown: int) -> str:
    return json.dumps(_known(value, unknown), separators=(",", ":")) if value else ""


def _known(value: Any, unknown: int) -> Any:
    """Return a value with references replaced by a text of their assumed length."""
    match value:
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(str(_known(part, unknown)) for part in parts)
        case {"Ref": str(name)} if name in _PSEUDO_PARAMETERS:
            return "x" * _PSEUDO_PARAMETERS[name]
        case dict() if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return "x" * unknown
        case dict():
            return {key: _known(member, unknown) for key, member in value.items()}
        case list():
            return [_known(member, unknown) for member in value]
    return value


def _references(resources: _Resources) -> Iterator[_Excess]:
    counts = Counter(
        (resource["Type"], name, _named(resource["Properties"].get(name)))
        for resource in resources.values()
        for type_, name in _PER_RESOURCE
        if type_ == resource["Type"]
    )
    for (type_, name, target), count in counts.items():
        most, fix = _PER_RESOURCE[type_, name]
        if count > most:
            kind = type_.rpartition("::")[2]
            description = f"{count} resources of type {kind} refer to it; at most {most} fit"
            logical_id = target if target in resources else ""
            yield _Excess("references", logical_id, description, fix, error=False)


def _named(value: Any) -> str:
    """Return the logical id that a value refers to, or else the value."""
    match value:
        case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), _]}:
            return logical_id
    return json.dumps(value)


def _inline_policies(resources: _Resources) -> Iterator[_Excess]:
    documents: dict[tuple[str, str], list[Any]] = {}
    for logical_id, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Policy":
            for kind in _INLINE_POLICIES:
                for owner in properties.get(kind, ()):
                    key = (kind, _named(owner))
                    documents.setdefault(key, []).append(properties["PolicyDocument"])
        elif resource["Type"] == "AWS::IAM::Role":
            own = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
            documents.setdefault(("Roles", logical_id), []).extend(own)
    for (kind, owner), written in documents.items():
        fix = "use managed policies, or a prefix instead of each resource"
        limit = _Limit("", "the sum of its inline policies", _INLINE_POLICIES[kind], fix)
        yield from _excess("policy-size", owner, limit, _sum_of_lengths, written)


def _sum_of_lengths(values: list[Any], unknown: int) -> int:
    return sum(_length(value, unknown) for value in values)


def _dashboards(resources: _Resources) -> Iterator[_Excess]:
    for logical_id, resource in resources.items():
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            body = _known(resource["Properties"]["DashboardBody"], 1)
            widgets = json.loads(body).get("widgets", [])
            if len(widgets) > _WIDGETS:
                description = f"the dashboard has {len(widgets)} widgets of at most {_WIDGETS}"
                fix = "divide it into several dashboards"
                yield _Excess("dashboard-widgets", logical_id, description, fix)


def _unzipped_sizes(resources: _Resources, assets: Mapping[str, Path]) -> Iterator[_Excess]:
    paths = {}
    for logical_id, resource in resources.items():
        if resource["Type"] in {"AWS::Lambda::Function", "AWS::Lambda::LayerVersion"}:
            code = resource["Properties"].get("Code") or resource["Properties"].get("Content", {})
            path = assets.get(str(code.get("S3Key")).removesuffix(".zip"))
            paths[logical_id] = path
    sizes = {path: _size_of(path) for path in paths.values() if path}
    for logical_id, path in paths.items():
        layers = map(_named, resources[logical_id]["Properties"].get("Layers", []))
        parts = [path, *(paths.get(layer) for layer in layers)]
        total = sum(sizes[part] for part in parts if part)
        if total > _UNZIPPED_BYTES:
            description = f"code and layers have {total >> 20} MB unzipped of at most 250"
            fix = "leave out libraries that it does not import, or use a container image"
            yield _Excess("code-size", logical_id, description, fix)


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
