"""A public DNS zone, its records, and the health of what they point to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

from aws_cdk import Duration, RemovalPolicy, aws_kms, aws_sns
from aws_cdk import aws_route53 as route53
from constructs import Construct

from .dns_health import check_health, watch_health, watch_signature
from .dns_names import full_name, plain, relative_name
from .dns_zone import log_queries, make_zone, sign
from .errors import ConstructError
from .kinds import prepare

__all__ = ["DnsZone"]

_APEX: Final = "Apex"


class DnsZone(Construct):
    """A zone that is made here, or one that exists and is named with its `zone_id`.

    Names are relative to the zone or in full; the zone itself is `""`. What DNS could not serve
    is refused: the same record twice, a CNAME beside another record or at the zone itself.
    Signing, query logs and alarms on health work in us-east-1 only, as Route 53 itself does.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        zone_name: str,
        zone_id: str | None = None,
        comment: str | None = None,
        ttl_s: int = 300,
        dnssec: bool = False,
        signing_key: aws_kms.IKey | None = None,
        query_logs: bool = False,
        query_log_name: str | None = None,
        log_retention_days: int = 30,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: aws_sns.ITopic | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if zone_id and (dnssec or query_logs):
            raise ConstructError(f"{self.node.path}: sign and log the zone where it is made")
        self.zone_name = plain(zone_name)
        self._ttl_s = ttl_s
        self._topic = alarm_topic
        self._taken: dict[str, set[str]] = {}
        self._records = Construct(self, "Records")
        self.query_log = None
        if query_logs:
            self.query_log = log_queries(
                self,
                name=query_log_name or f"/aws/route53/{self.zone_name}",
                retention_days=log_retention_days,
                removal_policy=removal_policy,
                encryption_key=encryption_key,
            )
        self.zone = self._existing(zone_id) if zone_id else self._made(comment, removal_policy)
        self.signing_key = self._signed(signing_key, removal_policy) if dnssec else None

    @property
    def name_servers(self) -> list[str] | None:
        """What the registrar must be told, for a zone that is made here."""
        return self.zone.hosted_zone_name_servers

    def alias(
        self,
        name: str,
        target: route53.IAliasRecordTarget,
        *,
        ipv6: bool = True,
        health_check: route53.IHealthCheck | None = None,
    ) -> None:
        """Point `name` to a resource of AWS, over IPv4 and, unless told otherwise, IPv6."""
        room = self._claim(name, _addresses(ipv6=ipv6))
        self._point(room, name, target, ipv6=ipv6, health_check=health_check)

    def failover(
        self,
        name: str,
        *,
        primary: route53.IAliasRecordTarget,
        secondary: route53.IAliasRecordTarget,
        health_check: route53.IHealthCheck,
        ipv6: bool = True,
    ) -> None:
        """Point `name` to `primary` while it is healthy, else to `secondary`."""
        room = self._claim(name, _addresses(ipv6=ipv6))
        self._point(
            Construct(room, "Primary"),
            name,
            primary,
            ipv6=ipv6,
            health_check=health_check,
            failover=route53.Failover.PRIMARY,
        )
        self._point(
            Construct(room, "Secondary"),
            name,
            secondary,
            ipv6=ipv6,
            failover=route53.Failover.SECONDARY,
        )

    def cname(self, name: str, target: str, *, ttl_s: int | None = None) -> route53.CnameRecord:
        """Make `name` another word for `target`, which may be anybody's."""
        return route53.CnameRecord(
            self._claim(name, ["CNAME"]),
            "CNAME",
            zone=self.zone,
            record_name=self._record_name(name),
            domain_name=target,
            ttl=self._ttl(ttl_s),
        )

    def mx(
        self, hosts: Mapping[str, int], *, name: str = "", ttl_s: int | None = None
    ) -> route53.MxRecord:
        """Say which hosts take mail, each with its preference, the lowest being tried first."""
        return route53.MxRecord(
            self._claim(name, ["MX"]),
            "MX",
            zone=self.zone,
            record_name=self._record_name(name),
            values=[
                route53.MxRecordValue(host_name=host, priority=preference)
                for host, preference in hosts.items()
            ],
            ttl=self._ttl(ttl_s),
        )

    def txt(self, name: str, *values: str, ttl_s: int | None = None) -> route53.TxtRecord:
        """Publish texts; those over 255 characters are split as DNS wants it."""
        return route53.TxtRecord(
            self._claim(name, ["TXT"]),
            "TXT",
            zone=self.zone,
            record_name=self._record_name(name),
            values=list(values),
            ttl=self._ttl(ttl_s),
        )

    def caa(
        self,
        *issuers: str,
        name: str = "",
        wildcard_issuers: Sequence[str] | None = None,
        report_to: str | None = None,
        ttl_s: int | None = None,
    ) -> route53.CaaRecord:
        """Say who may issue certificates (`amazon.com` is ACM); nobody, if nobody is named."""
        tag = route53.CaaTag
        named = [
            *_caa(tag.ISSUE, issuers or [";"]),
            *([] if wildcard_issuers is None else _caa(tag.ISSUEWILD, wildcard_issuers or [";"])),
            *([] if report_to is None else _caa(tag.IODEF, [report_to])),
        ]
        return route53.CaaRecord(
            self._claim(name, ["CAA"]),
            "CAA",
            zone=self.zone,
            record_name=self._record_name(name),
            values=named,
            ttl=self._ttl(ttl_s),
        )

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
    ) -> route53.HealthCheck:
        """Ask `host` over HTTPS from several places; with a topic, tell when it fails."""
        check = check_health(
            self,
            id_,
            host=host,
            path=path,
            port=port,
            interval_s=interval_s,
            failure_threshold=failure_threshold,
            search_string=search_string,
            measure_latency=measure_latency,
            regions=regions,
        )
        if self._topic:
            watch_health(self, check, what=f"https://{host}:{port}{path}", topic=self._topic)
        return check

    def _existing(self, zone_id: str) -> route53.IHostedZone:
        return route53.PublicHostedZone.from_public_hosted_zone_attributes(
            self, "Default", hosted_zone_id=zone_id, zone_name=self.zone_name
        )

    def _made(self, comment: str | None, removal_policy: RemovalPolicy) -> route53.IHostedZone:
        return make_zone(
            self,
            zone_name=self.zone_name,
            comment=comment,
            query_log=self.query_log,
            removal_policy=removal_policy,
        )

    def _signed(self, key: aws_kms.IKey | None, removal_policy: RemovalPolicy) -> aws_kms.IKey:
        made = cast("route53.PublicHostedZone", self.zone)
        if self._topic:
            watch_signature(self, made, topic=self._topic)
        return sign(self, made, key=key, removal_policy=removal_policy)

    def _claim(self, name: str, types: Iterable[str]) -> Construct:
        """Remember the records of a name, which a CNAME shares with no other."""
        relative = relative_name(name, self.zone_name)
        taken = self._taken.setdefault(relative, set())
        for type_ in types:
            where = f"{full_name(relative, self.zone_name)}: {type_}"
            if type_ in taken:
                raise ConstructError(f"{where} is given twice")
            if type_ == "CNAME" and not relative:
                raise ConstructError(f"{where} cannot stand at the zone itself: use an alias")
            if "CNAME" in taken or (type_ == "CNAME" and taken):
                raise ConstructError(f"{where} cannot stand beside {sorted(taken)}")
        taken.update(types)
        room = self._records.node.try_find_child(relative or _APEX)
        return cast("Construct", room) if room else Construct(self._records, relative or _APEX)

    def _point(
        self,
        room: Construct,
        name: str,
        target: route53.IAliasRecordTarget,
        *,
        ipv6: bool,
        health_check: route53.IHealthCheck | None = None,
        failover: route53.Failover | None = None,
    ) -> None:
        for type_ in _addresses(ipv6=ipv6):
            make = route53.ARecord if type_ == "A" else route53.AaaaRecord
            record = make(
                room,
                type_,
                zone=self.zone,
                record_name=self._record_name(name),
                target=route53.RecordTarget.from_alias(target),
                health_check=health_check,
            )
            if failover:
                # CDK's own `failover` wants the health of the target, which CloudFront never tells.
                below = cast("route53.CfnRecordSet", record.node.default_child)
                below.failover = failover.value
                below.set_identifier = failover.value.lower()

    def _record_name(self, name: str) -> str:
        return full_name(relative_name(name, self.zone_name), self.zone_name) + "."

    def _ttl(self, ttl_s: int | None) -> Duration:
        return Duration.seconds(self._ttl_s if ttl_s is None else ttl_s)


def _addresses(*, ipv6: bool) -> list[str]:
    return ["A", "AAAA"] if ipv6 else ["A"]


def _caa(tag: route53.CaaTag, values: Iterable[str]) -> Iterator[route53.CaaRecordValue]:
    for value in values:
        yield route53.CaaRecordValue(flag=0, tag=tag, value=value)
