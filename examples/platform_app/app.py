"""A document platform beside what a team already has, in two stages, from the constructs.

A container service takes uploads, and a state machine converts what arrived during the day.
"""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

import existing
import signal9_constructs as parts

ACCEPTED = (
    parts.Acknowledgment(
        "AwsSolutions-IAM5[Resource::**/uploads/*]", "names of files are chosen on upload"
    ),
)


class Platform(cdk.Stack):
    """Everything but what exists already: the VPC, the bucket, the image and the topic."""

    def __init__(self, scope: parts.GuardedStage, id_: str, *, stage: existing.Stage) -> None:
        super().__init__(scope, id_)
        self.has = existing.Resources(self, stage)
        self.key = kms.Key(self, "Key", enable_key_rotation=True)
        self.uploads = parts.SecureBucket.from_existing(self, "Bucket", self.has.bucket)
        cdk.Annotations.of(self.uploads).acknowledge_warning("signal9-constructs:existingBucket")
        seen = parts.Observability(self, "Seen", namespace="Platform", topic=self.has.topic)
        jobs = parts.DataTable(self, "Jobs", partition_key="document", encryption_key=self.key)
        nightly = self._convert(jobs)
        web = parts.FargateService(
            self,
            "Web",
            image=self.has.image,
            vpc=self.has.vpc,
            certificate=acm.Certificate.from_certificate_arn(self, "Cert", stage.certificate),
            environment={"BUCKET": self.has.bucket.bucket_name, "TABLE": jobs.table.table_name},
            encryption_key=self.key,
            min_tasks=stage.tasks,
        )
        self.uploads.grant_put(web, prefix="uploads/")
        jobs.grant_read_write(web)
        # The escape hatch: an upload takes longer than the minute that a load balancer waits.
        web.load_balancer.set_attribute("idle_timeout.timeout_seconds", "300")
        seen.watch(
            "Documents",
            tables=[jobs],
            state_machines=[nightly.state_machine],
            services=[web.service],
            load_balancers=[web.load_balancer],
        )

    def _convert(self, jobs: parts.DataTable) -> parts.StateMachineJob:
        convert = parts.PythonFunction(
            self,
            "Convert",
            code=lambda_.Code.from_inline("def handler(event, context): return event"),
            handler="index.handler",
            timeout_s=300,
            encryption_key=self.key,
        )
        jobs.grant_read_write(convert)
        self.uploads.grant_read(convert, prefix="uploads/")
        step = tasks.LambdaInvoke(self, "Convert uploads", lambda_function=convert.function)
        definition = step.next(sfn.Succeed(self, "Converted"))
        nightly = parts.StateMachineJob(
            self, "Nightly", definition=definition, encryption_key=self.key
        )
        nightly.start_on_schedule("EveryNight", schedule="cron(0 2 * * ? *)")
        return nightly


def build(app: cdk.App) -> None:
    """Make both stages."""
    for stage in existing.STAGES:
        guarded = parts.GuardedStage(
            app,
            f"Platform-{stage.name}",
            env=cdk.Environment(account=stage.account, region=stage.region),
            tags={"Product": "platform", "Stage": stage.name},
            termination_protection=stage.protected,
        )
        platform = Platform(guarded, "Platform", stage=stage)
        guarded.acknowledge(*parts.known_findings(platform), *ACCEPTED)


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
