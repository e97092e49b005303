"""A public DNS zone with its records, health checks, query logs and DNSSEC."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from aws_cdk import Duration, RemovalPolicy, Stack, Token, aws_iam, aws_kms
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from constructs import Construct

from .alarms import AlarmTarget, make_alarm, service_metric
from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError, require_us_east_1
from .feature_flags import prepare
from .logs import log_group_arn, make_log_group

__all__ = ["DnsZone", "full_name", "relative_name"]

_Record = TypeVar("_Record", bound=route53.RecordSet)

_APEX: Final = "Apex"
_LABEL: Final = re.compile(r"_?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_LABEL: Final = 63
_MAX_NAME: Final = 253
_NAMESPACE: Final = "AWS/Route53"
_DNSSEC_ALARMS: Final = {
    "SignatureFails": ("DNSSECInternalFailure", "validating resolvers reject its names"),
    "SigningKeyFails": ("DNSSECKeySigningKeysNeedingAction", "the signing key is not usable"),
}


@checked
class DnsZone(Construct):
    """A new zone or, with a `zone_id` or as `zone`, an existing one.

    Names are relative to the zone or fully qualified; the zone itself is `""`. Duplicate records
    are refused, and so is a CNAME next to another record or at the zone itself. DNSSEC, query logs
    and health alarms require a stack in us-east-1.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        zone_name: str | None = None,
        zone_id: str | None = None,
        zone: route53.IHostedZone | Wrapper[route53.IHostedZone] | None = None,
        comment: str | None = None,
        ttl_s: int = 300,
        dnssec: bool = False,
        signing_key: aws_kms.IKey | None = None,
        query_logs: bool = False,
        query_log_name: str | None = None,
        log_retention_days: int = 30,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if (zone or zone_id) and (dnssec or query_logs or props):
            raise ConstructError(f"{self.node.path}: dnssec, query_logs and props need a new zone")
        if zone and (zone_id or zone_name):
            raise ConstructError(f"{self.node.path}: zone has a zone_id and a zone_name already")
        existing = None if zone is None else unwrap(zone)
        name = existing.zone_name if existing else zone_name
        if not name:
            raise ConstructError(f"{self.node.path}: pass zone_name or zone")
        self.zone_name = _normalize(name)
        self._ttl_s = ttl_s
        self._topic = alarm_topic
        self._record_types: dict[str, set[str]] = {}
        self._records = Construct(self, "Records")
        self.query_log = None
        if query_logs:
            require_us_east_1(self, "a query log")
            self.query_log = make_log_group(
                self,
                "QueryLog",
                name=query_log_name or f"/aws/route53/{self.zone_name}",
                retention_days=log_retention_days,
                removal_policy=removal_policy,
                encryption_key=encryption_key,
            )
        self.zone: route53.IHostedZone
        if existing:
            self.zone = existing
        elif zone_id:
            self.zone = route53.PublicHostedZone.from_public_hosted_zone_attributes(
                self, "Default", hosted_zone_id=zone_id, zone_name=self.zone_name
            )
        else:
            self.zone = self._make_zone(comment, removal_policy, props)
        self.signing_key = self._sign(signing_key, removal_policy) if dnssec else None

    @property
    def resource(self) -> route53.IHostedZone:
        """The zone, so that the construct can stand for it."""
        return self.zone

    @property
    def name_servers(self) -> list[str] | None:
        """The name servers to enter at the registrar, for a new zone."""
        return self.zone.hosted_zone_name_servers

    def alias(
        self,
        name: str,
        target: route53.IAliasRecordTarget,
        *,
        ipv6: bool = True,
        health_check: route53.IHealthCheck | None = None,
    ) -> None:
        """Point `name` to an AWS resource, over IPv4 and, by default, IPv6."""
        scope = self._add_name(name, _address_types(ipv6=ipv6))
        self._add_aliases(scope, name, target, ipv6=ipv6, health_check=health_check)

    def failover(
        self,
        name: str,
        *,
        primary: route53.IAliasRecordTarget,
        secondary: route53.IAliasRecordTarget,
        health_check: route53.IHealthCheck,
        ipv6: bool = True,
    ) -> None:
        """Point `name` to `primary` while it is healthy, otherwise to `secondary`."""
        scope = self._add_name(name, _address_types(ipv6=ipv6))
        for role, target, check in (
            (route53.Failover.PRIMARY, primary, health_check),
            (route53.Failover.SECONDARY, secondary, None),
        ):
            place = Construct(scope, role.value.capitalize())
            self._add_aliases(place, name, target, ipv6=ipv6, health_check=check, failover=role)

    def cname(self, name: str, target: str, *, ttl_s: int | None = None) -> route53.CnameRecord:
        """Make `name` an alias of another domain name, on AWS or elsewhere."""
        return self._add_record(route53.CnameRecord, "CNAME", name, ttl_s, domain_name=target)

    def mx(
        self, hosts: Mapping[str, int], *, name: str = "", ttl_s: int | None = None
    ) -> route53.MxRecord:
        """Name the mail hosts and their preferences; senders try the lowest number first."""
        values = [
            route53.MxRecordValue(host_name=host, priority=preference)
            for host, preference in hosts.items()
        ]
        return self._add_record(route53.MxRecord, "MX", name, ttl_s, values=values)

    def txt(self, name: str, *values: str, ttl_s: int | None = None) -> route53.TxtRecord:
        """Publish text values; values of more than 255 characters are split."""
        return self._add_record(route53.TxtRecord, "TXT", name, ttl_s, values=list(values))

    def record(
        self, name: str, type_: route53.RecordType, *values: str, ttl_s: int | None = None
    ) -> route53.RecordSet:
        """Add a record of any type, with values as in a zone file: SRV, HTTPS, TLSA, …."""
        return self._add_record(
            route53.RecordSet,
            type_.value,
            name,
            ttl_s,
            record_type=type_,
            target=route53.RecordTarget.from_values(*values),
        )

    def delegate(self, name: str, *servers: str, ttl_s: int | None = None) -> route53.RecordSet:
        """Let other name servers answer for a name and all below it."""
        if not relative_name(name, self.zone_name):
            raise ConstructError(f"{self.zone_name}: the zone itself has its name servers already")
        return self.record(name, route53.RecordType.NS, *servers, ttl_s=ttl_s)

    def caa(
        self,
        *issuers: str,
        name: str = "",
        wildcard_issuers: Sequence[str] | None = None,
        report_to: str | None = None,
        ttl_s: int | None = None,
    ) -> route53.CaaRecord:
        """Name the authorities that may issue certificates, such as `amazon.com` for ACM.

        Without an issuer no authority may.
        """
        tag = route53.CaaTag
        values = [
            *_caa(tag.ISSUE, issuers or [";"]),
            *([] if wildcard_issuers is None else _caa(tag.ISSUEWILD, wildcard_issuers or [";"])),
            *([] if report_to is None else _caa(tag.IODEF, [report_to])),
        ]
        return self._add_record(route53.CaaRecord, "CAA", name, ttl_s, values=values)

    def health_check(
        self,
        id_: str,
        *,
        host: str,
        path: str = "/",
        port: int = 443,
        interval_s: int = 30,
        failure_threshold: int = 3,
        search_string: str | None = None,
        measure_latency: bool = False,
        regions: Sequence[str] | None = None,
        props: Mapping[str, Any] | None = None,
    ) -> route53.HealthCheck:
        """Check `host` over HTTPS from several locations, with an alarm if there is a topic."""
        kind = route53.HealthCheckType
        own = route53.HealthCheckProps(
            type=kind.HTTPS_STR_MATCH if search_string else kind.HTTPS,
            fqdn=host,
            port=port,
            resource_path=path,
            request_interval=Duration.seconds(interval_s),
            failure_threshold=failure_threshold,
            search_string=search_string,
            measure_latency=measure_latency,
            regions=None if regions is None else list(regions),
        )
        check = route53.HealthCheck(self, id_, **merge(self, props, own))
        if self._topic:
            self._add_health_alarm(check, f"https://{host}:{port}{path}", self._topic)
        return check

    def _add_health_alarm(self, check: route53.HealthCheck, url: str, topic: AlarmTarget) -> None:
        require_us_east_1(self, "an alarm on a health check")
        make_alarm(
            check,
            "Unhealthy",
            service_metric(
                _NAMESPACE,
                "HealthCheckStatus",
                {"HealthCheckId": check.health_check_id},
                statistic="Minimum",
                period_s=60,
            ),
            1,
            f"{check.node.path}: {url} is unhealthy or not checked",
            topic,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing_data=cloudwatch.TreatMissingData.BREACHING,
        )

    def _make_zone(
        self, comment: str | None, removal_policy: RemovalPolicy, props: Mapping[str, Any] | None
    ) -> route53.IPublicHostedZone:
        log = self.query_log
        own = route53.PublicHostedZoneProps(
            zone_name=self.zone_name,
            comment=comment,
            query_logs_log_group_arn=log_group_arn(self, log.log_group_name) if log else None,
        )
        zone = route53.PublicHostedZone(self, "Default", **merge(self, props, own))
        # A replacement would have other name servers.
        zone.apply_removal_policy(removal_policy)
        if log:
            # When a zone is created, Route 53 checks that it may write to the log.
            zone.node.add_dependency(self._allow_query_log(log))
        return zone

    def _allow_query_log(self, log: logs.LogGroup) -> logs.ResourcePolicy:
        statement = aws_iam.PolicyStatement(
            principals=[aws_iam.ServicePrincipal("route53.amazonaws.com")],
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log.log_group_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
        )
        return logs.ResourcePolicy(self, "QueryLogPolicy", policy_statements=[statement])

    def _sign(self, key: aws_kms.IKey | None, removal_policy: RemovalPolicy) -> aws_kms.IKey:
        require_us_east_1(self, "DNSSEC")
        zone = cast("route53.PublicHostedZone", self.zone)
        if self._topic:
            for id_, (name, problem) in _DNSSEC_ALARMS.items():
                dimensions = {"HostedZoneId": zone.hosted_zone_id}
                metric = service_metric(_NAMESPACE, name, dimensions, statistic="Maximum")
                make_alarm(self, id_, metric, 1, f"{zone.zone_name}: {problem}", self._topic)
        signing_key = key or aws_kms.Key(
            self,
            "SigningKey",
            description=f"Signs {zone.zone_name}",
            # Route 53 requires this kind of key, which AWS does not rotate.
            key_spec=aws_kms.KeySpec.ECC_NIST_P256,
            key_usage=aws_kms.KeyUsage.SIGN_VERIFY,
            enable_key_rotation=False,
            removal_policy=removal_policy,
        )
        zone.enable_dnssec(kms_key=signing_key)
        return signing_key

    def _add_name(self, name: str, types: Iterable[str]) -> Construct:
        """Check that records of these types may be added, and return their scope."""
        relative = relative_name(name, self.zone_name)
        existing = self._record_types.setdefault(relative, set())
        for type_ in types:
            record = f"{full_name(relative, self.zone_name)}: {type_}"
            if type_ in existing:
                raise ConstructError(f"{record}: duplicate record")
            if type_ == "CNAME" and not relative:
                raise ConstructError(f"{record} is not allowed at the zone itself: use an alias")
            if "CNAME" in existing or (type_ == "CNAME" and existing):
                raise ConstructError(f"{record} is not allowed next to {sorted(existing)}")
        existing.update(types)
        scope = self._records.node.try_find_child(relative or _APEX)
        return cast("Construct", scope) if scope else Construct(self._records, relative or _APEX)

    def _add_record(
        self,
        record_class: Callable[..., _Record],
        type_: str,
        name: str,
        ttl_s: int | None,
        **values: object,
    ) -> _Record:
        return record_class(
            self._add_name(name, [type_]),
            type_,
            zone=self.zone,
            record_name=self._record_name(name),
            ttl=Duration.seconds(self._ttl_s if ttl_s is None else ttl_s),
            **values,
        )

    def _add_aliases(
        self,
        scope: Construct,
        name: str,
        target: route53.IAliasRecordTarget,
        *,
        ipv6: bool,
        health_check: route53.IHealthCheck | None = None,
        failover: route53.Failover | None = None,
    ) -> None:
        for type_ in _address_types(ipv6=ipv6):
            record_class = route53.ARecord if type_ == "A" else route53.AaaaRecord
            record = record_class(
                scope,
                type_,
                zone=self.zone,
                record_name=self._record_name(name),
                target=route53.RecordTarget.from_alias(target),
                health_check=health_check,
            )
            if failover:
                # The L2's `failover` also evaluates the target's health; CloudFront has none.
                record_set = cast("route53.CfnRecordSet", record.node.default_child)
                record_set.failover = failover.value
                record_set.set_identifier = failover.value.lower()

    def _record_name(self, name: str) -> str:
        return full_name(relative_name(name, self.zone_name), self.zone_name) + "."


def relative_name(name: str, zone_name: str) -> str:
    """Return `name` in lower case without the zone's name; the zone itself is `""`."""
    if Token.is_unresolved(name):
        raise ConstructError(f"a name in {zone_name} must be known at synthesis, not a token")
    if _normalize(name) == zone_name:
        return ""
    relative = _normalize(name).removesuffix(f".{zone_name}")
    labels = relative.removeprefix("*.").split(".") if relative not in {"", "*"} else []
    invalid = [label for label in labels if len(label) > _MAX_LABEL or not _LABEL.fullmatch(label)]
    if invalid or len(full_name(relative, zone_name)) > _MAX_NAME:
        raise ConstructError(f"invalid DNS name {name!r} in {zone_name}")
    return relative


def full_name(relative: str, zone_name: str) -> str:
    """Return the fully qualified name, without a final dot."""
    return f"{relative}.{zone_name}" if relative else zone_name


def _normalize(name: str) -> str:
    return name if Token.is_unresolved(name) else name.lower().removesuffix(".")


def _address_types(*, ipv6: bool) -> list[str]:
    return ["A", "AAAA"] if ipv6 else ["A"]


def _caa(tag: route53.CaaTag, values: Iterable[str]) -> Iterator[route53.CaaRecordValue]:
    for value in values:
        yield route53.CaaRecordValue(flag=0, tag=tag, value=value)
