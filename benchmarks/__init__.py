"""What the toolkit promises, shown by simulation."""
