"""A web firewall for an API in one region, or for a distribution at the edge."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from aws_cdk import ArnFormat, RemovalPolicy, Stack, Token, aws_kms
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from .errors import ConstructError
from .firewall_rules import (
    NAME,
    FirewallRule,
    any_of,
    countries,
    managed,
    measured,
    rate_limit,
    rendered,
    split_addresses,
    xss,
)
from .kinds import prepare
from .logs import make_log_group

__all__ = ["Firewall"]

_EDGE_REGION: Final = "us-east-1"
_MANAGED: Final = ("common", "bad-inputs", "sqli")
_LOG_PREFIX: Final = "aws-waf-logs-"


class Firewall(Construct):
    """Rules that judge requests in this order, whatever they let through being allowed.

    `deny`, `deny-countries` or `allow-countries`, `allow` (skips all that follows), `rate`, `xss`,
    the groups in `managed_rules`, then `custom_rules`. Those named in `count_only` count instead
    of blocking; `common/SizeRestrictions_BODY` names one rule of a group. An `edge` firewall is
    for CloudFront and lives in us-east-1.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        edge: bool = False,
        name: str | None = None,
        requests_per_address: int = 2000,
        window_s: int = 300,
        allowed_addresses: Sequence[str] = (),
        denied_addresses: Sequence[str] = (),
        allowed_countries: Sequence[str] = (),
        denied_countries: Sequence[str] = (),
        block_scripts: bool = True,
        managed_rules: Sequence[str] = _MANAGED,
        custom_rules: Sequence[FirewallRule] = (),
        count_only: Collection[str] = (),
        capacity_limit: int = 1500,
        log_name: str | None = None,
        log_retention_days: int | None = 30,
        encryption_key: aws_kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.edge = edge
        self._check_region()
        if allowed_countries and denied_countries:
            raise ConstructError(f"{self.node.path}: allow countries or deny them, not both")
        rules = [
            *self._addresses("deny", denied_addresses, "block"),
            *_countries(allowed_countries, denied_countries),
            *self._addresses("allow", allowed_addresses, "allow"),
            rate_limit("rate", requests_per_address, window_s),
            *([xss("xss")] if block_scripts else []),
            *(managed(group, _within(group, count_only)) for group in managed_rules),
            *custom_rules,
        ]
        self.capacity = self._checked(rules, count_only, capacity_limit)
        self.acl = self._make_acl(name, rules, count_only)
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
            self._log_to(self.log_group)

    @property
    def arn(self) -> str:
        """The firewall's ARN, for what takes nothing else."""
        return self.acl.attr_arn

    def protect(self, stage: apigateway.IStage) -> wafv2.CfnWebACLAssociation:
        """Judge every request to the stage of an API."""
        if self.edge:
            raise ConstructError(f"{self.node.path}: an edge firewall protects distributions")
        return wafv2.CfnWebACLAssociation(
            self,
            f"Protects{stage.node.addr[-8:]}",
            resource_arn=Stack.of(self).format_arn(
                service="apigateway",
                account="",
                resource="/restapis",
                resource_name=f"{stage.rest_api.rest_api_id}/stages/{stage.stage_name}",
                arn_format=ArnFormat.SLASH_RESOURCE_NAME,
            ),
            web_acl_arn=self.arn,
        )

    def _check_region(self) -> None:
        region = Stack.of(self).region
        if self.edge and not Token.is_unresolved(region) and region != _EDGE_REGION:
            raise ConstructError(
                f"{self.node.path}: an edge firewall must be in {_EDGE_REGION}, not {region}"
            )

    def _make_acl(
        self, name: str | None, rules: Sequence[FirewallRule], count_only: Collection[str]
    ) -> wafv2.CfnWebACL:
        return wafv2.CfnWebACL(
            self,
            "Default",
            name=name,
            scope="CLOUDFRONT" if self.edge else "REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=measured(self.node.id),
            rules=[
                rendered(
                    rule,
                    priority=priority,
                    counting=rule.name in count_only,
                    metric=f"{self.node.id}-{rule.name}",
                )
                for priority, rule in enumerate(rules)
            ],
        )

    def _addresses(
        self, name: str, addresses: Sequence[str], action: str
    ) -> Iterator[FirewallRule]:
        sets = [
            wafv2.CfnIPSet(
                self,
                f"{name.capitalize()}V{version}",
                addresses=networks,
                ip_address_version=f"IPV{version}",
                scope="CLOUDFRONT" if self.edge else "REGIONAL",
            )
            for version, networks in split_addresses(addresses)
        ]
        if sets:
            statements = [_from_one_of(each) for each in sets]
            yield FirewallRule(name, any_of(statements), capacity=len(sets), action=action)

    def _checked(
        self, rules: Sequence[FirewallRule], count_only: Collection[str], limit: int
    ) -> int:
        names = [rule.name for rule in rules]
        unknown = {name.split("/")[0] for name in count_only} - set(names)
        unfit = [name for name in names if not NAME.fullmatch(name)]
        if unfit:
            raise ConstructError(f"{self.node.path}: {unfit} hold more than letters, digits, -, _")
        if unknown or len(set(names)) != len(names):
            raise ConstructError(f"{self.node.path}: rules {names} cannot count {sorted(unknown)}")
        capacity = sum(rule.capacity for rule in rules)
        if capacity > limit:
            raise ConstructError(
                f"{self.node.path}: the rules need {capacity} capacity units of {limit}"
            )
        return capacity

    def _log_to(self, group: logs.LogGroup) -> None:
        arn = Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.arn,
            log_destination_configs=[arn],
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                for header in ("authorization", "cookie")
            ],
        )


def _from_one_of(addresses: wafv2.CfnIPSet) -> wafv2.CfnWebACL.StatementProperty:
    return wafv2.CfnWebACL.StatementProperty(
        ip_set_reference_statement=wafv2.CfnWebACL.IPSetReferenceStatementProperty(
            arn=addresses.attr_arn
        )
    )


def _countries(allowed: Sequence[str], denied: Sequence[str]) -> Iterator[FirewallRule]:
    if allowed:
        yield countries("allow-countries", allowed, allowed=True)
    if denied:
        yield countries("deny-countries", denied, allowed=False)


def _within(group: str, count_only: Collection[str]) -> list[str]:
    return [name.removeprefix(f"{group}/") for name in count_only if name.startswith(f"{group}/")]
