"""The rules of a firewall, in the order in which they judge, and what each one costs."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from aws_cdk import Token
from aws_cdk import aws_wafv2 as wafv2

from .errors import ConstructError

__all__ = [
    "NAME",
    "FirewallRule",
    "any_of",
    "countries",
    "managed",
    "measured",
    "rate_limit",
    "rendered",
    "split_addresses",
    "xss",
]

_MANAGED: Final = {
    "common": ("AWSManagedRulesCommonRuleSet", 700),
    "bad-inputs": ("AWSManagedRulesKnownBadInputsRuleSet", 200),
    "sqli": ("AWSManagedRulesSQLiRuleSet", 200),
    "reputation": ("AWSManagedRulesAmazonIpReputationList", 25),
    "anonymous": ("AWSManagedRulesAnonymousIpList", 50),
}
_FEWEST: Final = 10
_WINDOWS: Final = (60, 120, 300, 600)
_NOT_IN_A_METRIC: Final = re.compile(r"[^\w#:./-]")
_XSS_CAPACITY: Final = 190  # three places of 40, two transformations of 10 each, all arguments 10

NAME: Final = re.compile(r"[\w-]{1,128}")
"""What the name of a rule may be."""

Statement = wafv2.CfnWebACL.StatementProperty


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """A rule: what it looks for, what it does (`block`, `allow`, `count`), and its capacity units.

    A `group` of rules has actions of its own, and `action` is left out.
    """

    name: str
    statement: Statement
    capacity: int
    action: str = "block"
    status: int = 403
    group: bool = False


def countries(name: str, codes: Sequence[str], *, allowed: bool) -> FirewallRule:
    """Block everybody in, or outside, some countries (ISO 3166, two letters)."""
    inside = Statement(
        geo_match_statement=wafv2.CfnWebACL.GeoMatchStatementProperty(country_codes=list(codes))
    )
    outside = Statement(not_statement=wafv2.CfnWebACL.NotStatementProperty(statement=inside))
    return FirewallRule(name, outside if allowed else inside, capacity=1)


def rate_limit(name: str, requests: int, window_s: int) -> FirewallRule:
    """Block an address that asks too often, and tell it so."""
    if window_s not in _WINDOWS:
        raise ConstructError(f"a rate over {window_s} s: choose one of {_WINDOWS}")
    if not Token.is_unresolved(requests) and requests < _FEWEST:
        raise ConstructError(f"a rate of {requests}: WAF counts from {_FEWEST} on")
    statement = Statement(
        rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
            aggregate_key_type="IP", limit=requests, evaluation_window_sec=window_s
        )
    )
    return FirewallRule(name, statement, capacity=2, status=429)


def xss(name: str) -> FirewallRule:
    """Block scripts in the query, the path or the body."""
    fields = wafv2.CfnWebACL.FieldToMatchProperty
    body = wafv2.CfnWebACL.BodyProperty(oversize_handling="CONTINUE")
    places = [
        fields(all_query_arguments={}),
        fields(uri_path={}),
        fields(body=body),
    ]
    return FirewallRule(name, any_of([_script_in(place) for place in places]), _XSS_CAPACITY)


def _script_in(place: wafv2.CfnWebACL.FieldToMatchProperty) -> Statement:
    transformations = ("URL_DECODE", "HTML_ENTITY_DECODE")
    return Statement(
        xss_match_statement=wafv2.CfnWebACL.XssMatchStatementProperty(
            field_to_match=place,
            text_transformations=[
                wafv2.CfnWebACL.TextTransformationProperty(priority=priority, type=type_)
                for priority, type_ in enumerate(transformations)
            ],
        )
    )


def managed(name: str, counted: Collection[str]) -> FirewallRule:
    """Return one of AWS's groups; `counted` names rules within it that only count."""
    if name not in _MANAGED:
        raise ConstructError(f"managed rules {name!r}: choose among {sorted(_MANAGED)}")
    group, capacity = _MANAGED[name]
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    statement = Statement(
        managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
            vendor_name="AWS",
            name=group,
            rule_action_overrides=[
                wafv2.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count)
                for rule in sorted(counted)
            ]
            or None,
        )
    )
    return FirewallRule(name, statement, capacity, group=True)


def any_of(statements: Sequence[Statement]) -> Statement:
    """Return a statement that is true where any of `statements` is."""
    if len(statements) == 1:
        return statements[0]
    return Statement(or_statement=wafv2.CfnWebACL.OrStatementProperty(statements=list(statements)))


def split_addresses(addresses: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the addresses of each IP version, as networks; a single address is one as well."""
    try:
        networks = [ip_network(address) for address in addresses]
    except ValueError as error:
        raise ConstructError(f"firewall addresses: {error}") from error
    for version in (4, 6):
        of_version = [str(network) for network in networks if network.version == version]
        if of_version:
            yield version, of_version


def rendered(
    rule: FirewallRule, *, priority: int, counting: bool, metric: str
) -> wafv2.CfnWebACL.RuleProperty:
    """Return `rule` as CloudFormation wants it."""
    override = wafv2.CfnWebACL.OverrideActionProperty(
        **({"count": {}} if counting else {"none": {}})
    )
    return wafv2.CfnWebACL.RuleProperty(
        name=rule.name,
        priority=priority,
        statement=rule.statement,
        action=None if rule.group else _action("count" if counting else rule.action, rule.status),
        override_action=override if rule.group else None,
        visibility_config=measured(metric),
    )


def measured(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """Count what is judged, under a name that a metric may have."""
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True,
        metric_name=_NOT_IN_A_METRIC.sub("-", metric),
        sampled_requests_enabled=True,
    )


def _action(action: str, status: int) -> wafv2.CfnWebACL.RuleActionProperty:
    if action == "count":
        return wafv2.CfnWebACL.RuleActionProperty(count={})
    if action == "allow":
        return wafv2.CfnWebACL.RuleActionProperty(allow={})
    response = wafv2.CfnWebACL.CustomResponseProperty(response_code=status)
    return wafv2.CfnWebACL.RuleActionProperty(
        block=wafv2.CfnWebACL.BlockActionProperty(custom_response=response)
    )
