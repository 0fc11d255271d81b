"""What runs underneath the console: the local DynamoDB engines."""
