"""What runs outside of the console: AWS."""
