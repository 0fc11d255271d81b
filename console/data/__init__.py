"""The data tier: repositories over DynamoDB, their cache, and the ways in and out of it."""
