"""What the toolkit costs where the data is big."""
