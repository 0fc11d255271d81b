"""Findings of checkov that are as they should be, each with its reason, in the template itself."""

from __future__ import annotations

import aws_cdk as cdk


def accept(resource: cdk.CfnResource, finding: str, reason: str) -> None:
    """Leave a finding about a resource, for a reason."""
    resource.add_metadata("checkov", {"skip": [{"id": finding, "comment": reason}]})


def resource_of(construct: cdk.Resource) -> cdk.CfnResource:
    """The one resource that a construct makes."""
    made = construct.node.default_child
    assert isinstance(made, cdk.CfnResource)  # noqa: S101 - every construct of ours has one
    return made
