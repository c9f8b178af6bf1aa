"""What is examined, a file a group of marks."""
