"""Gradual deployments of functions: a little traffic first, and back if alarms fire."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import ArnFormat, Duration, Stack, aws_codedeploy, aws_iam
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from .alarms import AlarmTarget, make_alarm
from .arguments import checked
from .errors import ConstructError
from .feature_flags import prepare
from .function import PythonFunction

__all__ = ["GradualDeployment"]

_MOST_ALARMS: Final = 10
"""Of a deployment group."""

_MOST_METRICS: Final = 10
"""Of an alarm on a formula."""


@checked
class GradualDeployment(Construct):
    """Shifts the traffic of functions to a new version step by step, by CodeDeploy.

    `functions` have an alias. An error of a new version, or any of `alarms`, ends the deployment
    and points the aliases back; CloudFormation then rolls the stack back. While one of `alarms`
    fires, nothing can be deployed. Errors of functions in `expected_errors`, such as an authorizer
    that refuses callers, end none. `before` and `after` are functions that CodeDeploy calls around
    the shift, and that report success or failure to it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        functions: Sequence[PythonFunction],
        config: aws_codedeploy.ILambdaDeploymentConfig | None = None,
        alarms: Sequence[cloudwatch.IAlarm] = (),
        alarm_on_errors: bool = True,
        expected_errors: Sequence[PythonFunction] = (),
        alarm_topic: AlarmTarget | None = None,
        before: lambda_.IFunction | None = None,
        after: lambda_.IFunction | None = None,
        application_name: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        aliases = [self._alias_of(function) for function in functions]
        watched = [self._alias_of(each) for each in functions if each not in expected_errors]
        own = self._make_alarms(watched, alarm_topic) if alarm_on_errors else ()
        self.alarms = [*own, *alarms]
        if len(self.alarms) > _MOST_ALARMS:
            raise ConstructError(
                f"{self.node.path}: alarms: CodeDeploy watches at most {_MOST_ALARMS}, here "
                f"{len(self.alarms)}; make a composite alarm of them, or a deployment per group"
            )
        self.application = aws_codedeploy.LambdaApplication(
            self, "Default", application_name=application_name
        )
        self.role = self._make_role(aliases, [hook for hook in (before, after) if hook])
        self.groups = [
            aws_codedeploy.LambdaDeploymentGroup(
                self,
                f"Group{number}",
                alias=alias,
                application=self.application,
                deployment_config=(
                    config or aws_codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES
                ),
                alarms=self.alarms,
                pre_hook=before,
                post_hook=after,
                # The group would attach a policy of AWS with wildcards to the role.
                role=self.role.without_policy_updates(),
                auto_rollback=aws_codedeploy.AutoRollbackConfig(
                    failed_deployment=True,
                    stopped_deployment=True,
                    deployment_in_alarm=bool(self.alarms),
                ),
            )
            for number, alias in enumerate(aliases, start=1)
        ]

    def _alias_of(self, function: PythonFunction) -> lambda_.Alias:
        if function.alias is None:
            raise ConstructError(
                f"{self.node.path}: functions: {function.node.path} has no alias; pass alias=True"
            )
        return function.alias

    def _make_alarms(
        self, aliases: Sequence[lambda_.Alias], topic: AlarmTarget | None
    ) -> list[cloudwatch.Alarm]:
        """Make alarms on errors of the versions that traffic is shifted to, and of no others."""
        groups = [
            aliases[first : first + _MOST_METRICS]
            for first in range(0, len(aliases), _MOST_METRICS)
        ]
        return [
            make_alarm(
                self,
                f"Errors{number}",
                _sum_of_errors(group),
                1,
                f"{self.node.path}: errors of new versions end their deployment",
                [topic] if topic else [],
            )
            for number, group in enumerate(groups, start=1)
        ]

    def _make_role(
        self, aliases: Sequence[lambda_.Alias], hooks: Sequence[lambda_.IFunction]
    ) -> aws_iam.Role:
        service = aws_iam.ServicePrincipal("codedeploy.amazonaws.com")
        role = aws_iam.Role(self, "Role", assumed_by=service)
        aws_iam.Grant.add_to_principal(
            grantee=role,
            actions=[
                "lambda:GetAlias",
                "lambda:GetProvisionedConcurrencyConfig",
                "lambda:UpdateAlias",
            ],
            resource_arns=[
                arn for alias in aliases for arn in (alias.lambda_.function_arn, alias.function_arn)
            ],
        )
        if self.alarms:
            aws_iam.Grant.add_to_principal(
                grantee=role,
                actions=["cloudwatch:DescribeAlarms"],
                # IAM checks this request against all alarms.
                resource_arns=[
                    Stack.of(self).format_arn(
                        service="cloudwatch",
                        resource="alarm",
                        resource_name="*",
                        arn_format=ArnFormat.COLON_RESOURCE_NAME,
                    )
                ],
            )
        for hook in hooks:
            aws_iam.Grant.add_to_principal(
                grantee=role, actions=["lambda:InvokeFunction"], resource_arns=[hook.function_arn]
            )
        return role


def _sum_of_errors(aliases: Sequence[lambda_.Alias]) -> cloudwatch.IMetric:
    minute = Duration.minutes(1)
    metrics = {
        f"m{number}": cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name="Errors",
            dimensions_map={
                "FunctionName": alias.lambda_.function_name,
                "Resource": f"{alias.lambda_.function_name}:{alias.alias_name}",
                "ExecutedVersion": alias.version.version,
            },
            statistic="Sum",
            period=minute,
        )
        for number, alias in enumerate(aliases)
    }
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({name}, 0)" for name in metrics),
        using_metrics=dict(metrics),
        label="errors of new versions",
        period=minute,
    )
