"""A web firewall for APIs, load balancers and user pools in one region, or for CloudFront."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final, TypeAlias, cast

from aws_cdk import ArnFormat, RemovalPolicy, Stack, Token, aws_kms
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_wafv2 as wafv2
from aws_cdk.interfaces.aws_apigateway import IRestApiRef, IStageRef
from aws_cdk.interfaces.aws_appsync import IGraphQLApiRef
from aws_cdk.interfaces.aws_cloudfront import IDistributionRef
from aws_cdk.interfaces.aws_cognito import IUserPoolRef
from aws_cdk.interfaces.aws_elasticloadbalancingv2 import ILoadBalancerRef
from constructs import Construct

from .arguments import Wrapper, checked, implements, merge, unwrap
from .errors import ConstructError, require_us_east_1
from .feature_flags import prepare
from .firewall_rules import (
    INVALID_IN_METRIC_NAME,
    Action,
    FirewallRule,
    ManagedRules,
    RateLimit,
    any_of,
    body_rule,
    capacity_of,
    check_requests,
    country_rules,
    header_rule,
    managed_rule,
    rate_rule,
    render,
    xss_rule,
)
from .logs import log_group_arn, make_log_group

__all__ = ["ExistingFirewall", "Firewall", "FirewallRule", "ManagedRules", "RateLimit"]

_LOG_PREFIX: Final = "aws-waf-logs-"  # required by WAF
_MOST_CAPACITY: Final = 5_000
_DEFAULT_MANAGED_RULES: Final = ("common", "bad-inputs", "sqli")
_RULE_NAME: Final = re.compile(r"[\w-]{1,128}")

_Acl = wafv2.CfnWebACL
_Rule: TypeAlias = FirewallRule | wafv2.CfnWebACL.RuleProperty
_Resource: TypeAlias = (
    IStageRef | IRestApiRef | ILoadBalancerRef | IUserPoolRef | IGraphQLApiRef | IDistributionRef
)


@checked
class Firewall(Construct):
    """Rules that are evaluated in this order; requests that none of them blocks are allowed.

    `origin` (blocks all without `required_header`), `deny`, `deny-countries` or `allow-countries`,
    `allow` (skips all that follow), `rate` and `token-rate` (by the header Authorization), other
    `rate_limits`, `body`, `xss`, the groups in `managed_rules`, then `custom_rules`. With
    `address_lists` the IP sets of `deny` and `allow` exist even if they are empty, to be filled
    without a deployment. Rules in `count_only` count instead of blocking;
    `common/SizeRestrictions_BODY` names one rule of a group. An `edge` firewall is for CloudFront
    and must be in us-east-1.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        edge: bool = False,
        name: str | None = None,
        requests_per_address: float | None = 2000,
        requests_per_token: float | None = None,
        required_header: tuple[str, str] | None = None,
        window_s: int = 300,
        rate_limits: Sequence[RateLimit] = (),
        allowed_addresses: Sequence[str] = (),
        denied_addresses: Sequence[str] = (),
        address_lists: bool = False,
        allowed_countries: Sequence[str] = (),
        denied_countries: Sequence[str] = (),
        max_body_bytes: int | None = None,
        block_scripts: bool = True,
        managed_rules: Sequence[str | ManagedRules] = _DEFAULT_MANAGED_RULES,
        custom_rules: Sequence[FirewallRule | wafv2.CfnWebACL.RuleProperty] = (),
        count_only: Collection[str] = (),
        capacity_limit: int = 1500,
        log_name: str | None = None,
        log_retention_days: int | None = 30,
        log_blocked_only: bool = False,
        redacted_headers: Sequence[str] = (),
        redact_query: bool = False,
        encryption_key: aws_kms.IKey | Wrapper[aws_kms.IKey] | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.edge = edge
        self._name = name
        self._scope = "CLOUDFRONT" if edge else "REGIONAL"
        if edge:
            require_us_east_1(self, "an edge firewall")
        if allowed_countries and denied_countries:
            raise ConstructError(f"{self.node.path}: pass allowed or denied countries, not both")
        groups = [
            group if isinstance(group, ManagedRules) else ManagedRules(group)
            for group in managed_rules
        ]
        if max_body_bytes is not None and "common" in {group.group for group in groups}:
            count_only = {*count_only, "common/SizeRestrictions_BODY"}
        limits = [*_limits(requests_per_address, requests_per_token, window_s), *rate_limits]
        rules = [
            *([] if required_header is None else [header_rule(*required_header)]),
            *self._address_rules("deny", denied_addresses, "block", always=address_lists),
            *country_rules(allowed_countries, denied_countries),
            *self._address_rules("allow", allowed_addresses, "allow", always=address_lists),
            *map(rate_rule, limits),
            *([] if max_body_bytes is None else [body_rule(max_body_bytes)]),
            *([xss_rule()] if block_scripts else []),
            *(managed_rule(group, count_only) for group in groups),
            *custom_rules,
        ]
        self._check_names(rules, count_only)
        self.capacity = self._capacity(rules, capacity_limit)
        self.acl = self._make_acl(rules, count_only, props)
        self.log_group = None
        if log_retention_days is not None:
            self.log_group = make_log_group(
                self,
                "Logs",
                name=_LOG_PREFIX + (log_name or self.node.addr[-12:]),
                retention_days=log_retention_days,
                removal_policy=removal_policy,
                encryption_key=unwrap(encryption_key),
            )
            redacted = ("authorization", "cookie", *(required_header or ())[:1], *redacted_headers)
            self._log_to(
                self.log_group.log_group_name,
                redacted,
                query=redact_query,
                blocked_only=log_blocked_only,
            )

    @classmethod
    def from_web_acl_arn(
        cls, scope: Construct, id_: str, web_acl_arn: str, *, edge: bool | None = None
    ) -> "ExistingFirewall":
        """Return a web ACL that exists; `edge` is needed only where the ARN is a token."""
        return ExistingFirewall(scope, id_, web_acl_arn=web_acl_arn, edge=edge)

    @property
    def arn(self) -> str:
        """The ARN of the web ACL."""
        return self.acl.attr_arn

    @property
    def resource(self) -> wafv2.CfnWebACL:
        """The web ACL, so that the construct can stand for it."""
        return self.acl

    def protect(
        self, resource: _Resource | Wrapper[_Resource]
    ) -> wafv2.CfnWebACLAssociation | None:
        """Filter all requests to a resource.

        It is the stage of a REST API, an application load balancer, a Cognito user pool, an
        AppSync API or, for an edge firewall, a distribution, which needs no association.
        """
        return _protect(self, cast("_Resource", unwrap(resource)))

    def _address_rules(
        self, id_: str, addresses: Sequence[str], action: Action, *, always: bool
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
            statements.append(_Acl.StatementProperty(ip_set_reference_statement=reference))
        listed = any_of(statements)
        if listed:
            yield FirewallRule(id_, listed, action=action)

    def _check_names(self, rules: Sequence[_Rule], count_only: Collection[str]) -> None:
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

    def _capacity(self, rules: Sequence[_Rule], limit: int) -> int:
        units = {}
        for rule in rules:
            declared = rule.capacity if isinstance(rule, FirewallRule) else None
            units[rule.name] = declared or capacity_of(rule.statement)
        unknown = [name for name, capacity in units.items() if capacity is None]
        if unknown:
            raise ConstructError(
                f"{self.node.path}: capacity of {unknown} is unknown here; "
                "pass it in FirewallRule or ManagedRules"
            )
        if limit > _MOST_CAPACITY:
            raise ConstructError(
                f"{self.node.path}: capacity_limit={limit}: must be at most {_MOST_CAPACITY}"
            )
        capacity = sum(number for number in units.values() if number is not None)
        if capacity > limit:
            raise ConstructError(
                f"{self.node.path}: the rules need {capacity} capacity units, more than {limit}: "
                f"{units}; leave rules out, or raise capacity_limit to at most {_MOST_CAPACITY}"
            )
        return capacity

    def _make_acl(
        self, rules: Sequence[_Rule], count_only: Collection[str], props: Mapping[str, Any] | None
    ) -> wafv2.CfnWebACL:
        name = self._name or self.node.id
        own = {
            "scope": self._scope,
            "rules": [
                render(rule, priority, f"{name}-{rule.name}", count_only)
                for priority, rule in enumerate(rules)
            ],
        }
        if self._name:
            own["name"] = self._name
        defaults = {
            "default_action": _Acl.DefaultActionProperty(allow={}),
            "visibility_config": _Acl.VisibilityConfigProperty(
                cloud_watch_metrics_enabled=True,
                metric_name=INVALID_IN_METRIC_NAME.sub("-", name),
                sampled_requests_enabled=True,
            ),
        }
        return wafv2.CfnWebACL(self, "Default", **merge(self, props, own, defaults))

    def _log_to(
        self, log_group_name: str, headers: Sequence[str], *, query: bool, blocked_only: bool
    ) -> None:
        field = wafv2.CfnLoggingConfiguration.FieldToMatchProperty
        actions = ("BLOCK", "CAPTCHA", "CHALLENGE", "COUNT", "EXCLUDED_AS_COUNT")
        kept = {
            "Behavior": "KEEP",
            "Requirement": "MEETS_ANY",
            "Conditions": [{"ActionCondition": {"Action": action}} for action in actions],
        }
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.arn,
            log_destination_configs=[log_group_arn(self, log_group_name)],
            redacted_fields=[
                *(field(single_header={"Name": header}) for header in headers),
                *([field(query_string={})] if query else []),
            ],
            logging_filter=(
                {"DefaultBehavior": "DROP", "Filters": [kept]} if blocked_only else None
            ),
        )


@checked
class ExistingFirewall(Construct):
    """A web ACL that exists, such as one of a security team."""

    def __init__(
        self, scope: Construct, id_: str, *, web_acl_arn: str, edge: bool | None = None
    ) -> None:
        super().__init__(scope, id_)
        self.arn = web_acl_arn
        self.edge = ":global/webacl/" in web_acl_arn if edge is None else edge

    def protect(
        self, resource: _Resource | Wrapper[_Resource]
    ) -> wafv2.CfnWebACLAssociation | None:
        """Filter all requests to a resource, as `Firewall.protect` does."""
        return _protect(self, cast("_Resource", unwrap(resource)))


def _limits(
    per_address: float | None, per_token: float | None, window_s: int
) -> Iterator[RateLimit]:
    if per_address is not None:
        check_requests("requests_per_address", per_address)
        yield RateLimit("rate", per_address, window_s=window_s)
    if per_token is not None:
        check_requests("requests_per_token", per_token)
        yield RateLimit("token-rate", per_token, by="token", window_s=window_s)


def _protect(
    wall: Firewall | ExistingFirewall, resource: _Resource
) -> wafv2.CfnWebACLAssociation | None:
    if implements(resource, IDistributionRef):
        _protect_distribution(wall, resource)
        return None
    if wall.edge:
        raise ConstructError(
            f"{wall.node.path}: an edge firewall protects distributions, not APIs and others"
        )
    if implements(resource, IRestApiRef):
        resource = _stage_of(wall, resource)
    regions = (Stack.of(wall).region, resource.env.region)
    if not any(map(Token.is_unresolved, regions)) and len(set(regions)) > 1:
        raise ConstructError(
            f"{wall.node.path}: resource is in {regions[1]}: must be in {regions[0]}"
        )
    return wafv2.CfnWebACLAssociation(
        wall,
        f"Protects{resource.node.addr[-8:]}",
        resource_arn=_arn(wall, resource),
        web_acl_arn=wall.arn,
    )


def _protect_distribution(wall: Firewall | ExistingFirewall, distribution: _Resource) -> None:
    if not wall.edge:
        raise ConstructError(f"{wall.node.path}: a distribution needs a firewall with edge=True")
    if not isinstance(distribution, cloudfront.Distribution):
        raise ConstructError(
            f"{wall.node.path}: resource must be a Distribution of this app; "
            "set web_acl_id where the other one is made"
        )
    distribution.attach_web_acl_id(wall.arn)


def _stage_of(wall: Construct, api: _Resource) -> IStageRef:
    if not isinstance(api, apigateway.RestApiBase):
        raise ConstructError(f"{wall.node.path}: resource must be a RestApi, or one of its stages")
    return api.deployment_stage


def _arn(wall: Construct, resource: _Resource) -> str:
    if implements(resource, IStageRef):
        stage = cast("IStageRef", resource).stage_ref
        return Stack.of(wall).format_arn(
            service="apigateway",
            account="",
            resource="/restapis",
            resource_name=f"{stage.rest_api_id}/stages/{stage.stage_name}",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
    if implements(resource, IUserPoolRef):
        return cast("IUserPoolRef", resource).user_pool_ref.user_pool_arn
    if implements(resource, IGraphQLApiRef):
        return cast("IGraphQLApiRef", resource).graph_ql_api_ref.graph_ql_api_arn
    arn = cast("ILoadBalancerRef", resource).load_balancer_ref.load_balancer_arn
    network = any("NetworkLoadBalancer" in class_.__name__ for class_ in type(resource).__mro__)
    other = getattr(resource, "type", None) not in {None, "application"}
    if network or other or not (Token.is_unresolved(arn) or "loadbalancer/app/" in arn):
        raise ConstructError(f"{wall.node.path}: resource must be an application load balancer")
    return arn
