"""What the team has already: accounts, a VPC, a bucket, an image and a topic for alarms."""

from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct


@dataclass(frozen=True)
class Stage:
    """A stage, and what differs in it."""

    name: str
    account: str
    region: str
    vpc: str
    certificate: str
    tasks: int
    protected: bool


STAGES = (
    Stage(
        name="Dev",
        account="111111111111",
        region="eu-central-1",
        vpc="vpc-0d0d0d0d0d0d0d0d0",
        certificate="arn:aws:acm:eu-central-1:111111111111:certificate/dev",
        tasks=1,
        protected=False,
    ),
    Stage(
        name="Prod",
        account="222222222222",
        region="eu-central-1",
        vpc="vpc-0a0a0a0a0a0a0a0a0",
        certificate="arn:aws:acm:eu-central-1:222222222222:certificate/prod",
        tasks=2,
        protected=True,
    ),
)


class Resources:
    """The resources that exist in a stage's account, imported into a stack."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        zones = [f"{stage.region}{letter}" for letter in "ab"]
        self.vpc = ec2.Vpc.from_vpc_attributes(
            scope,
            "Vpc",
            vpc_id=stage.vpc,
            vpc_cidr_block="10.0.0.0/16",
            availability_zones=zones,
            private_subnet_ids=["subnet-00000000000000001", "subnet-00000000000000002"],
        )
        self.bucket = s3.Bucket.from_bucket_name(scope, "Uploads", f"uploads-{stage.account}")
        repository = f"arn:aws:ecr:{stage.region}:{stage.account}:repository/web"
        self.image = ecr.Repository.from_repository_attributes(
            scope, "Image", repository_arn=repository, repository_name="web"
        )
        topic = f"arn:aws:sns:{stage.region}:{stage.account}:on-call"
        self.topic = sns.Topic.from_topic_arn(scope, "OnCall", topic)
