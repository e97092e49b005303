"""Incidents: one notification for many alarms, and links to what to do about them."""

from collections.abc import Iterator, Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct, IConstruct

from .alarms import AlarmTarget, add_alarm_actions, with_runbook
from .errors import ConstructError

__all__ = ["link_runbook", "make_incident"]

_MOST_ALARMS: Final = 100
"""A composite alarm may refer to so many others."""


def make_incident(
    scope: Construct,
    id_: str,
    parts: Sequence[IConstruct],
    description: str,
    targets: Sequence[AlarmTarget],
    *,
    runbook_url: str | None = None,
    suppressed_by: cloudwatch.IAlarm | None = None,
    wait_s: int = 300,
) -> cloudwatch.CompositeAlarm:
    """Make an alarm that is on while any alarm in `parts` is, and notifies instead of them.

    While `suppressed_by` is on, and for `wait_s` before and after, it notifies nobody: if it is
    still on then, it does.
    """
    alarms = [alarm for part in parts for alarm in _alarms(part)]
    if not 1 <= len(alarms) <= _MOST_ALARMS:
        raise ConstructError(
            f"{scope.node.path}/{id_}: {len(alarms)} alarms; an incident has from 1 to "
            f"{_MOST_ALARMS}: split it"
        )
    for alarm in alarms:
        _silence(alarm)
    wait = Duration.seconds(wait_s) if suppressed_by else None
    incident = cloudwatch.CompositeAlarm(
        scope,
        id_,
        # Names are shorter than ARNs, and a rule has at most 10,240 characters.
        alarm_rule=cloudwatch.AlarmRule.from_string(
            " OR ".join(f'ALARM("{alarm.alarm_name}")' for alarm in alarms)
        ),
        alarm_description=with_runbook(description, runbook_url),
        actions_suppressor=suppressed_by,
        actions_suppressor_wait_period=wait,
        actions_suppressor_extension_period=wait,
    )
    add_alarm_actions(incident, targets)
    return incident


def link_runbook(url: str, *parts: IConstruct) -> None:
    """Let all alarms in `parts` that have no link yet describe where to read what to do."""
    for part in parts:
        for alarm in _alarms(part):
            resource = alarm.node.default_child
            if isinstance(resource, cloudwatch.CfnAlarm | cloudwatch.CfnCompositeAlarm):
                description = resource.alarm_description or alarm.node.path
                if "Runbook: " not in description:
                    resource.alarm_description = with_runbook(description, url)


def _alarms(part: IConstruct) -> Iterator[cloudwatch.AlarmBase]:
    for construct in part.node.find_all():
        if isinstance(construct, cloudwatch.AlarmBase):
            yield construct


def _silence(alarm: cloudwatch.AlarmBase) -> None:
    resource = alarm.node.default_child
    if isinstance(resource, cloudwatch.CfnAlarm | cloudwatch.CfnCompositeAlarm):
        resource.actions_enabled = False
