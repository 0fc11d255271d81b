"""The local DynamoDB engines that the console starts itself: getting one, one process per data folder, ending it."""
