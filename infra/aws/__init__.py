"""What runs in AWS: a CDK app, and the CloudFormation template that it makes (`make template`)."""
