"""Statistics on plain arrays: counts in, numbers out. Nothing here knows a lead or a file."""
