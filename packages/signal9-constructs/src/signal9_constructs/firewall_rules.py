"""The rules of a firewall, and the capacity that AWS counts for each."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from aws_cdk import Token
from aws_cdk import aws_wafv2 as wafv2

from .arguments import checked, struct_values
from .errors import ConstructError, choose

__all__ = [
    "INVALID_IN_METRIC_NAME",
    "Action",
    "FirewallRule",
    "ManagedRules",
    "RateLimit",
    "any_of",
    "body_rule",
    "capacity_of",
    "check_requests",
    "country_rules",
    "header_rule",
    "managed_rule",
    "rate_rule",
    "render",
    "xss_rule",
]

Action: TypeAlias = Literal["allow", "block", "captcha", "challenge", "count"]

_Acl = wafv2.CfnWebACL
_Statement = wafv2.CfnWebACL.StatementProperty
_Transformation = wafv2.CfnWebACL.TextTransformationProperty

INVALID_IN_METRIC_NAME: Final = re.compile(r"[^\w#:./-]")
_MANAGED: Final = {
    "common": ("AWSManagedRulesCommonRuleSet", 700),
    "bad-inputs": ("AWSManagedRulesKnownBadInputsRuleSet", 200),
    "sqli": ("AWSManagedRulesSQLiRuleSet", 200),
    "admin": ("AWSManagedRulesAdminProtectionRuleSet", 100),
    "linux": ("AWSManagedRulesLinuxRuleSet", 200),
    "unix": ("AWSManagedRulesUnixRuleSet", 100),
    "windows": ("AWSManagedRulesWindowsRuleSet", 200),
    "php": ("AWSManagedRulesPHPRuleSet", 100),
    "wordpress": ("AWSManagedRulesWordPressRuleSet", 100),
    "reputation": ("AWSManagedRulesAmazonIpReputationList", 25),
    "anonymous": ("AWSManagedRulesAnonymousIpList", 50),
    "bots": ("AWSManagedRulesBotControlRuleSet", 50),
    "account-takeover": ("AWSManagedRulesATPRuleSet", 50),
    "account-creation": ("AWSManagedRulesACFPRuleSet", 50),
    "ddos": ("AWSManagedRulesAntiDDoSRuleSet", 50),
}
_NEED_CONFIGS: Final = ("account-takeover", "account-creation", "ddos")
_UNVERSIONED: Final = ("reputation", "anonymous")
_VERSION: Final = re.compile(r"Version_\d+\.\d+|LATEST")
_INSPECTED_BYTES: Final = 16_384  # of a body, by WAF
_MIN_RATE: Final = 10
_WINDOWS_S: Final = (60, 120, 300, 600)
_TRANSFORMATION: Final = 10
_CUSTOM_KEY: Final = 30
_CAPACITY: Final = {
    "asn_match_statement": 1,
    "geo_match_statement": 1,
    "ip_set_reference_statement": 1,
    "label_match_statement": 1,
    "regex_match_statement": 3,
    "regex_pattern_set_reference_statement": 25,
    "size_constraint_statement": 1,
    "sqli_match_statement": 20,
    "xss_match_statement": 40,
}


@checked
@dataclass(frozen=True, slots=True)
class FirewallRule:
    """A rule: its statement, its action and its capacity units.

    The capacity is computed, except for what only AWS knows, such as your own rule groups. The
    rules of a `group` have actions of their own, so `action` is ignored.
    """

    name: str
    statement: wafv2.CfnWebACL.StatementProperty
    capacity: int | None = None
    action: Action = "block"
    status: int = 403
    group: bool = False


@checked
@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit of requests in a time window, for each address, forwarded address, token or header.

    Requests without the `header`, or without the token, are not counted. Limits of `paths` count
    only requests to paths that begin so.
    """

    name: str
    requests: float
    by: Literal["address", "forwarded-address", "token", "header"] = "address"
    header: str | None = None
    window_s: int = 300
    paths: Sequence[str] = ()
    action: Action = "block"
    status: int = 429


@checked
@dataclass(frozen=True, slots=True)
class ManagedRules:
    """A managed rule group with a version, other actions for some of its rules, and exceptions.

    `group` is one of this library's names or the name that AWS or a `vendor` gives it. Requests to
    `excluded_paths`, which begin so, are not inspected. `bots` inspects `COMMON` or `TARGETED`.
    """

    group: str
    version: str | None = None
    vendor: str = "AWS"
    capacity: int | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)
    excluded_paths: Sequence[str] = ()
    inspection: Literal["COMMON", "TARGETED"] | None = None
    configs: Sequence[wafv2.CfnWebACL.ManagedRuleGroupConfigProperty] = ()


def capacity_of(statement: object) -> int | None:
    """Return the capacity units of a statement, at most; `None` if only AWS knows them."""
    ((kind, struct),) = struct_values(statement).items()
    value = struct_values(struct)
    match kind:
        case "and_statement" | "or_statement":
            return _sum(map(capacity_of, value["statements"]))
        case "not_statement":
            return capacity_of(value["statement"])
        case "rate_based_statement":
            units: int | None = 2 + _CUSTOM_KEY * len(value.get("custom_keys", ()))
        case "managed_rule_group_statement":
            units = dict(_MANAGED.values()).get(value["name"])
        case "byte_match_statement":
            contains = value["positional_constraint"] in {"CONTAINS", "CONTAINS_WORD"}
            units = _inspecting(10 if contains else 2, value)
        case _:
            units = _inspecting(_CAPACITY[kind], value) if kind in _CAPACITY else None
    scope = value.get("scope_down_statement")
    return units if scope is None else _sum((units, capacity_of(scope)))


def _sum(parts: Iterable[int | None]) -> int | None:
    total = 0
    for units in parts:
        if units is None:
            return None
        total += units
    return total


def _inspecting(base: int, statement: Mapping[str, Any]) -> int:
    inspected = struct_values(statement.get("field_to_match"))
    arguments = 10 if "all_query_arguments" in inspected else 0
    twice = 2 if "json_body" in inspected else 1
    transformations = len(statement.get("text_transformations", ()))
    return base * twice + arguments + _TRANSFORMATION * transformations


def country_rules(allowed: Sequence[str], denied: Sequence[str]) -> Iterator[FirewallRule]:
    """Yield a rule that blocks all countries but the allowed, or the denied ones."""
    codes = [*allowed, *denied]
    inside = _Statement(geo_match_statement=_Acl.GeoMatchStatementProperty(country_codes=codes))
    if allowed:
        outside = _Statement(not_statement=_Acl.NotStatementProperty(statement=inside))
        yield FirewallRule("allow-countries", outside)
    if denied:
        yield FirewallRule("deny-countries", inside)


def header_rule(name: str, value: str) -> FirewallRule:
    """Return a rule that lets only those in who know the value of a header."""
    same = _bytes({"single_header": {"Name": name.lower()}}, "EXACTLY", value, "NONE")
    return FirewallRule("origin", _not(same))


def check_requests(argument: str, requests: float) -> None:
    """Refuse a rate limit that AWS refuses."""
    if not Token.is_unresolved(requests) and requests < _MIN_RATE:
        raise ConstructError(f"{argument}={requests}: must be at least {_MIN_RATE}")


def rate_rule(limit: RateLimit) -> FirewallRule:
    """Return the rule of a rate limit."""
    if limit.window_s not in _WINDOWS_S:
        raise ConstructError(f"window_s={limit.window_s}: must be one of {_WINDOWS_S}")
    check_requests(f"{limit.name}: requests", limit.requests)
    if (limit.by == "header") != (limit.header is not None) and limit.by != "forwarded-address":
        raise ConstructError(f"{limit.name}: by='header' and header must go together")
    rate = partial(
        _Acl.RateBasedStatementProperty,
        limit=limit.requests,
        evaluation_window_sec=limit.window_s,
        scope_down_statement=any_of([_under(path) for path in limit.paths]),
    )
    if limit.by == "address":
        statement = rate(aggregate_key_type="IP")
    elif limit.by == "forwarded-address":
        config = _Acl.ForwardedIPConfigurationProperty(
            header_name=limit.header or "X-Forwarded-For", fallback_behavior="MATCH"
        )
        statement = rate(aggregate_key_type="FORWARDED_IP", forwarded_ip_config=config)
    else:
        header = _Acl.RateLimitHeaderProperty(
            name=(limit.header or "authorization").lower(),
            text_transformations=[_Transformation(priority=0, type="NONE")],
        )
        key = _Acl.RateBasedStatementCustomKeyProperty(header=header)
        statement = rate(aggregate_key_type="CUSTOM_KEYS", custom_keys=[key])
    return FirewallRule(
        limit.name,
        _Statement(rate_based_statement=statement),
        action=limit.action,
        status=limit.status,
    )


def body_rule(limit: int) -> FirewallRule:
    """Return a rule instead of the one in the common rules, which blocks bodies over 8 KB."""
    if not 1 <= limit <= _INSPECTED_BYTES:
        raise ConstructError(f"max_body_bytes={limit}: must be from 1 to {_INSPECTED_BYTES}")
    statement = _Statement(
        size_constraint_statement=_Acl.SizeConstraintStatementProperty(
            field_to_match=_Acl.FieldToMatchProperty(
                body=_Acl.BodyProperty(oversize_handling="MATCH")
            ),
            comparison_operator="GT",
            size=limit,
            text_transformations=[_Transformation(priority=0, type="NONE")],
        )
    )
    return FirewallRule("body", statement, status=413)


def xss_rule() -> FirewallRule:
    """Return a rule that blocks scripts in the query, the path and the body."""
    fields = (
        _Acl.FieldToMatchProperty(all_query_arguments={}),
        _Acl.FieldToMatchProperty(uri_path={}),
        _Acl.FieldToMatchProperty(body=_Acl.BodyProperty(oversize_handling="CONTINUE")),
    )
    transformations = [
        _Transformation(priority=priority, type=type_)
        for priority, type_ in enumerate(("URL_DECODE", "HTML_ENTITY_DECODE"))
    ]
    statements = [
        _Statement(
            xss_match_statement=_Acl.XssMatchStatementProperty(
                field_to_match=field_to_match, text_transformations=transformations
            )
        )
        for field_to_match in fields
    ]
    return FirewallRule(
        "xss", _Statement(or_statement=_Acl.OrStatementProperty(statements=statements))
    )


def managed_rule(rules: ManagedRules, count_only: Collection[str]) -> FirewallRule:
    """Return the rule of a managed rule group."""
    name = rules.group
    if rules.vendor == "AWS" and not name.startswith("AWSManagedRules"):
        name, _ = choose(_MANAGED, "managed rules", name)
    if rules.version and (rules.group in _UNVERSIONED or not _VERSION.fullmatch(rules.version)):
        raise ConstructError(
            f"{rules.group}: version {rules.version!r}: must be such as Version_1.0, "
            f"and {' and '.join(_UNVERSIONED)} have none"
        )
    if rules.group in _NEED_CONFIGS and not rules.configs:
        raise ConstructError(f"{rules.group}: configs must say what it inspects")
    prefix = f"{rules.group}/"
    counted = {rule.removeprefix(prefix): "count" for rule in count_only if rule.startswith(prefix)}
    actions = {**rules.actions, **counted}
    excluded = any_of([_under(path) for path in rules.excluded_paths])
    statement = _Acl.ManagedRuleGroupStatementProperty(
        vendor_name=rules.vendor,
        name=name,
        version=rules.version,
        rule_action_overrides=[
            _Acl.RuleActionOverrideProperty(name=rule, action_to_use=_action(actions[rule]))
            for rule in sorted(actions)
        ]
        or None,
        scope_down_statement=_not(excluded) if excluded else None,
        managed_rule_group_configs=[*rules.configs, *_bot_config(rules)] or None,
    )
    return FirewallRule(
        rules.group,
        _Statement(managed_rule_group_statement=statement),
        rules.capacity,
        group=True,
    )


def _bot_config(
    rules: ManagedRules,
) -> Iterator[wafv2.CfnWebACL.ManagedRuleGroupConfigProperty]:
    if rules.inspection and rules.group != "bots":
        raise ConstructError(f"{rules.group}: inspection is for bots only")
    if rules.group == "bots" and not rules.configs:
        level = _Acl.AWSManagedRulesBotControlRuleSetProperty(
            inspection_level=rules.inspection or "COMMON"
        )
        yield _Acl.ManagedRuleGroupConfigProperty(aws_managed_rules_bot_control_rule_set=level)


def any_of(
    statements: Sequence[wafv2.CfnWebACL.StatementProperty],
) -> wafv2.CfnWebACL.StatementProperty | None:
    """Return a statement that matches where one of several does; `None` without any."""
    if len(statements) <= 1:
        return next(iter(statements), None)
    return _Statement(or_statement=_Acl.OrStatementProperty(statements=list(statements)))


def _not(statement: wafv2.CfnWebACL.StatementProperty) -> _Statement:
    return _Statement(not_statement=_Acl.NotStatementProperty(statement=statement))


def _under(path: str) -> _Statement:
    """Return a statement for paths that begin so, however they are written."""
    if not path.startswith("/"):
        raise ConstructError(f"path {path!r}: must begin with /")
    return _bytes({"uri_path": {}}, "STARTS_WITH", path, "URL_DECODE", "NORMALIZE_PATH")


def _bytes(
    inspected: Mapping[str, Any], constraint: str, text: str, *transformations: str
) -> _Statement:
    return _Statement(
        byte_match_statement=_Acl.ByteMatchStatementProperty(
            field_to_match=_Acl.FieldToMatchProperty(**inspected),
            positional_constraint=constraint,
            search_string=text,
            text_transformations=[
                _Transformation(priority=priority, type=type_)
                for priority, type_ in enumerate(transformations)
            ],
        )
    )


def render(
    rule: FirewallRule | wafv2.CfnWebACL.RuleProperty,
    priority: int,
    metric: str,
    count_only: Collection[str],
) -> wafv2.CfnWebACL.RuleProperty:
    """Return a rule as CloudFormation has it; those in `count_only` only count."""
    counts = rule.name in count_only
    if isinstance(rule, wafv2.CfnWebACL.RuleProperty):
        values = struct_values(rule) | {"priority": priority}
        counted = "override_action" if rule.override_action else "action"
        return _Acl.RuleProperty(**values | ({counted: {"count": {}}} if counts else {}))
    override = _Acl.OverrideActionProperty(**({"count": {}} if counts else {"none": {}}))
    return _Acl.RuleProperty(
        name=rule.name,
        priority=priority,
        statement=rule.statement,
        action=None if rule.group else _action("count" if counts else rule.action, rule.status),
        override_action=override if rule.group else None,
        visibility_config=_Acl.VisibilityConfigProperty(
            cloud_watch_metrics_enabled=True,
            metric_name=INVALID_IN_METRIC_NAME.sub("-", metric),
            sampled_requests_enabled=True,
        ),
    )


def _action(action: str, status: int = 403) -> wafv2.CfnWebACL.RuleActionProperty:
    if action != "block":
        return _Acl.RuleActionProperty(**{action: {}})
    response = _Acl.CustomResponseProperty(response_code=status)
    return _Acl.RuleActionProperty(block=_Acl.BlockActionProperty(custom_response=response))
