"""The store: requests and answers of DynamoDB, the codec, tables and their set-up. Nothing above it sees boto3."""
