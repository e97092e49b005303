"""Policies of keys, queues, topics, buckets and secrets, also of those that exist elsewhere."""

import json
from typing import Final, Protocol

from aws_cdk import Annotations, Names, Resource, Stack, aws_iam
from constructs import Construct, IConstruct

__all__ = ["POLICY_WARNING", "allow_in_policy", "warned"]

POLICY_WARNING: Final = "signal9-constructs:policy"


class _WithPolicy(IConstruct, Protocol):
    def add_to_resource_policy(
        self, statement: aws_iam.PolicyStatement
    ) -> aws_iam.AddToResourcePolicyResult: ...


def allow_in_policy(
    scope: Construct, resource: _WithPolicy, statement: aws_iam.PolicyStatement
) -> None:
    """Add a statement to a resource's policy; if that is not possible, warn at synthesis.

    The CDK ignores a statement for an imported resource silently: its owner must add it.
    """
    if resource.add_to_resource_policy(statement).statement_added:
        return
    stack = Stack.of(scope)
    document = json.dumps(stack.resolve(statement.to_statement_json()), sort_keys=True)
    # A warning is known by its id, and one construct may need statements in several policies.
    warning = f"{POLICY_WARNING}:{Names.node_unique_id(resource.node)}"
    Annotations.of(scope).add_warning_v2(
        warning,
        f"{resource.node.path} is imported, so its policy cannot be changed here. "
        f"Its owner must add this statement: {document}",
    )


def warned(scope: Construct, resource: _WithPolicy, grant: aws_iam.Grant) -> aws_iam.Grant:
    """Return a grant; warn of its statements for the policy of a resource that is imported."""
    if not Resource.is_owned_resource(resource):
        for statement in grant.resource_statements:
            allow_in_policy(scope, resource, statement)
    return grant
