"""A web firewall for an API in one region or a CloudFront distribution."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from typing import Final, cast

from aws_cdk import RemovalPolicy, Token, aws_kms
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from .arguments import checked
from .errors import ConstructError, choose, require_us_east_1
from .feature_flags import prepare
from .logs import log_group_arn, make_log_group

__all__ = ["Firewall", "FirewallRule"]

_LOG_PREFIX: Final = "aws-waf-logs-"  # required by WAF
_DEFAULT_MANAGED_RULES: Final = ("common", "bad-inputs", "sqli")
_MANAGED_RULES: Final = {
    "common": ("AWSManagedRulesCommonRuleSet", 700),
    "bad-inputs": ("AWSManagedRulesKnownBadInputsRuleSet", 200),
    "sqli": ("AWSManagedRulesSQLiRuleSet", 200),
    "reputation": ("AWSManagedRulesAmazonIpReputationList", 25),
    "anonymous": ("AWSManagedRulesAnonymousIpList", 50),
}
_INSPECTED_BYTES: Final = 16_384  # of a body, by WAF
_MIN_RATE: Final = 10
_WINDOWS_S: Final = (60, 120, 300, 600)
_XSS_CAPACITY: Final = 190  # three fields of 40, two transformations of 10 each, all arguments 10
_RULE_NAME: Final = re.compile(r"[\w-]{1,128}")
_INVALID_IN_METRIC_NAME: Final = re.compile(r"[^\w#:./-]")

_Statement = wafv2.CfnWebACL.StatementProperty
_Acl = wafv2.CfnWebACL


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """A rule: its statement, its action (`block`, `allow`, `count`) and its capacity units.

    The rules of a `group` have actions of their own, so `action` is ignored.
    """

    name: str
    statement: wafv2.CfnWebACL.StatementProperty
    capacity: int
    action: str = "block"
    status: int = 403
    group: bool = False


@checked
class Firewall(Construct):
    """Rules that are evaluated in this order; requests that none of them blocks are allowed.

    `origin` (blocks all without `required_header`), `deny`, `deny-countries` or `allow-countries`,
    `allow` (skips all that follow), `rate` and `token-rate` (by the header Authorization), `body`,
    `xss`, the groups in `managed_rules`, then `custom_rules`. With `address_lists` the IP sets of
    `deny` and `allow` exist even if they are empty, to be filled without a deployment. Rules in
    `count_only` count instead of blocking; `common/SizeRestrictions_BODY` names one rule of a
    group. An `edge` firewall is for CloudFront and must be in us-east-1.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        edge: bool = False,
        name: str | None = None,
        requests_per_address: int | None = 2000,
        requests_per_token: int | None = None,
        required_header: tuple[str, str] | None = None,
        window_s: int = 300,
        allowed_addresses: Sequence[str] = (),
        denied_addresses: Sequence[str] = (),
        address_lists: bool = False,
        allowed_countries: Sequence[str] = (),
        denied_countries: Sequence[str] = (),
        max_body_bytes: int | None = None,
        block_scripts: bool = True,
        managed_rules: Sequence[str] = _DEFAULT_MANAGED_RULES,
        custom_rules: Sequence[FirewallRule] = (),
        count_only: Collection[str] = (),
        capacity_limit: int = 1500,
        log_name: str | None = None,
        log_retention_days: int | None = 30,
        encryption_key: aws_kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.edge = edge
        self._name = name
        if max_body_bytes is not None and "common" in managed_rules:
            count_only = {*count_only, "common/SizeRestrictions_BODY"}
        self._scope = "CLOUDFRONT" if edge else "REGIONAL"
        if edge:
            require_us_east_1(self, "an edge firewall")
        if allowed_countries and denied_countries:
            raise ConstructError(f"{self.node.path}: pass allowed or denied countries, not both")
        self._redacted = ("authorization", "cookie", *(required_header or ())[:1])
        rules = [
            *([] if required_header is None else [_header_rule(*required_header)]),
            *self._address_rules("deny", denied_addresses, "block", always=address_lists),
            *_country_rules(allowed_countries, denied_countries),
            *self._address_rules("allow", allowed_addresses, "allow", always=address_lists),
            *_rate_rules(requests_per_address, requests_per_token, window_s),
            *([] if max_body_bytes is None else [_body_rule(max_body_bytes)]),
            *([_xss_rule()] if block_scripts else []),
            *(_managed_rules(group, count_only) for group in managed_rules),
            *custom_rules,
        ]
        self._check(rules, count_only, capacity_limit)
        self.capacity = sum(rule.capacity for rule in rules)
        self.acl = wafv2.CfnWebACL(
            self,
            "Default",
            name=name,
            scope=self._scope,
            default_action=_Acl.DefaultActionProperty(allow={}),
            visibility_config=_metrics(name or self.node.id),
            rules=[
                _render(rule, priority, f"{name or self.node.id}-{rule.name}", count_only)
                for priority, rule in enumerate(rules)
            ],
        )
        self.log_group = None
        if log_retention_days is not None:
            self.log_group = make_log_group(
                self,
                "Logs",
                name=_LOG_PREFIX + (log_name or self.node.addr[-12:]),
                retention_days=log_retention_days,
                removal_policy=removal_policy,
                encryption_key=encryption_key,
            )
            self._log_to(self.log_group.log_group_name)

    @property
    def arn(self) -> str:
        """The ARN of the web ACL."""
        return self.acl.attr_arn

    def protect(self, stage: apigateway.IStage) -> wafv2.CfnWebACLAssociation:
        """Filter all requests to the stage of an API."""
        if self.edge:
            raise ConstructError(
                f"{self.node.path}: an edge firewall protects distributions, not APIs"
            )
        return wafv2.CfnWebACLAssociation(
            self,
            f"Protects{stage.node.addr[-8:]}",
            resource_arn=cast("apigateway.StageBase", stage).stage_arn,
            web_acl_arn=self.arn,
        )

    def _address_rules(
        self, id_: str, addresses: Sequence[str], action: str, *, always: bool
    ) -> Iterator[FirewallRule]:
        try:
            networks = [ip_network(address) for address in addresses]
        except ValueError as error:
            raise ConstructError(f"{self.node.path}: invalid address: {error}") from error
        statements = []
        versions = {4, 6} if always else {network.version for network in networks}
        for version in sorted(versions):
            ip_set = wafv2.CfnIPSet(
                self,
                f"{id_.capitalize()}V{version}",
                name=f"{self._name}-{id_}-v{version}" if self._name else None,
                addresses=[str(network) for network in networks if network.version == version],
                ip_address_version=f"IPV{version}",
                scope=self._scope,
            )
            reference = _Acl.IPSetReferenceStatementProperty(arn=ip_set.attr_arn)
            statements.append(_Statement(ip_set_reference_statement=reference))
        if statements:
            yield FirewallRule(id_, _any_of(statements), len(statements), action)

    def _check(
        self, rules: Sequence[FirewallRule], count_only: Collection[str], limit: int
    ) -> None:
        names = [rule.name for rule in rules]
        invalid = [name for name in names if not _RULE_NAME.fullmatch(name)]
        if invalid:
            raise ConstructError(
                f"{self.node.path}: invalid rule names {invalid}; use letters, digits, - and _"
            )
        if len(set(names)) != len(names):
            raise ConstructError(f"{self.node.path}: duplicate rule names in {names}")
        unknown = sorted({name.split("/")[0] for name in count_only} - set(names))
        if unknown:
            raise ConstructError(f"{self.node.path}: count_only: {unknown} must be among {names}")
        capacity = sum(rule.capacity for rule in rules)
        if capacity > limit:
            raise ConstructError(
                f"{self.node.path}: the rules need {capacity} capacity units, more than {limit}"
            )

    def _log_to(self, log_group_name: str) -> None:
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.arn,
            log_destination_configs=[log_group_arn(self, log_group_name)],
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                for header in self._redacted
            ],
        )


def _country_rules(allowed: Sequence[str], denied: Sequence[str]) -> Iterator[FirewallRule]:
    codes = [*allowed, *denied]
    inside = _Statement(geo_match_statement=_Acl.GeoMatchStatementProperty(country_codes=codes))
    if allowed:
        outside = _Statement(not_statement=_Acl.NotStatementProperty(statement=inside))
        yield FirewallRule("allow-countries", outside, capacity=1)
    if denied:
        yield FirewallRule("deny-countries", inside, capacity=1)


def _header_rule(name: str, value: str) -> FirewallRule:
    """Return a rule that lets only those in who know the value of a header."""
    same = _Statement(
        byte_match_statement=_Acl.ByteMatchStatementProperty(
            field_to_match=_Acl.FieldToMatchProperty(single_header={"Name": name.lower()}),
            positional_constraint="EXACTLY",
            search_string=value,
            text_transformations=[_Acl.TextTransformationProperty(priority=0, type="NONE")],
        )
    )
    other = _Statement(not_statement=_Acl.NotStatementProperty(statement=same))
    return FirewallRule("origin", other, capacity=12)


def _rate_rules(
    per_address: int | None, per_token: int | None, window_s: int
) -> Iterator[FirewallRule]:
    if window_s not in _WINDOWS_S:
        raise ConstructError(f"window_s={window_s}: must be one of {_WINDOWS_S}")
    limits = {"requests_per_address": per_address, "requests_per_token": per_token}
    for argument, limit in limits.items():
        if limit is not None and not Token.is_unresolved(limit) and limit < _MIN_RATE:
            raise ConstructError(f"{argument}={limit}: must be at least {_MIN_RATE}")
    rate = partial(_Acl.RateBasedStatementProperty, evaluation_window_sec=window_s)
    if per_address is not None:
        by_address = rate(aggregate_key_type="IP", limit=per_address)
        statement = _Statement(rate_based_statement=by_address)
        yield FirewallRule("rate", statement, capacity=2, status=429)
    if per_token is not None:
        plain = _Acl.TextTransformationProperty(priority=0, type="NONE")
        token = _Acl.RateLimitHeaderProperty(name="authorization", text_transformations=[plain])
        key = _Acl.RateBasedStatementCustomKeyProperty(header=token)
        by_token = rate(aggregate_key_type="CUSTOM_KEYS", custom_keys=[key], limit=per_token)
        statement = _Statement(rate_based_statement=by_token)
        yield FirewallRule("token-rate", statement, capacity=32, status=429)


def _body_rule(limit: int) -> FirewallRule:
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
            text_transformations=[_Acl.TextTransformationProperty(priority=0, type="NONE")],
        )
    )
    return FirewallRule("body", statement, capacity=11, status=413)


def _xss_rule() -> FirewallRule:
    """Return a rule that blocks scripts in the query, the path and the body."""
    fields = (
        _Acl.FieldToMatchProperty(all_query_arguments={}),
        _Acl.FieldToMatchProperty(uri_path={}),
        _Acl.FieldToMatchProperty(body=_Acl.BodyProperty(oversize_handling="CONTINUE")),
    )
    transformations = [
        _Acl.TextTransformationProperty(priority=priority, type=type_)
        for priority, type_ in enumerate(("URL_DECODE", "HTML_ENTITY_DECODE"))
    ]
    statements = [
        _Statement(
            xss_match_statement=_Acl.XssMatchStatementProperty(
                field_to_match=field, text_transformations=transformations
            )
        )
        for field in fields
    ]
    return FirewallRule("xss", _any_of(statements), _XSS_CAPACITY)


def _managed_rules(name: str, count_only: Collection[str]) -> FirewallRule:
    group, capacity = choose(_MANAGED_RULES, "managed rules", name)
    prefix = f"{name}/"
    counted = sorted(rule.removeprefix(prefix) for rule in count_only if rule.startswith(prefix))
    overrides = [
        _Acl.RuleActionOverrideProperty(name=rule, action_to_use=_action("count"))
        for rule in counted
    ]
    statement = _Statement(
        managed_rule_group_statement=_Acl.ManagedRuleGroupStatementProperty(
            vendor_name="AWS", name=group, rule_action_overrides=overrides or None
        )
    )
    return FirewallRule(name, statement, capacity, group=True)


def _any_of(statements: Sequence[wafv2.CfnWebACL.StatementProperty]) -> _Statement:
    if len(statements) == 1:
        return statements[0]
    return _Statement(or_statement=_Acl.OrStatementProperty(statements=list(statements)))


def _render(
    rule: FirewallRule, priority: int, metric: str, count_only: Collection[str]
) -> wafv2.CfnWebACL.RuleProperty:
    counts = rule.name in count_only
    override = _Acl.OverrideActionProperty(**({"count": {}} if counts else {"none": {}}))
    return _Acl.RuleProperty(
        name=rule.name,
        priority=priority,
        statement=rule.statement,
        action=None if rule.group else _action("count" if counts else rule.action, rule.status),
        override_action=override if rule.group else None,
        visibility_config=_metrics(metric),
    )


def _metrics(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return _Acl.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True,
        metric_name=_INVALID_IN_METRIC_NAME.sub("-", name),
        sampled_requests_enabled=True,
    )


def _action(action: str, status: int = 403) -> wafv2.CfnWebACL.RuleActionProperty:
    if action == "count":
        return _Acl.RuleActionProperty(count={})
    if action == "allow":
        return _Acl.RuleActionProperty(allow={})
    response = _Acl.CustomResponseProperty(response_code=status)
    return _Acl.RuleActionProperty(block=_Acl.BlockActionProperty(custom_response=response))
