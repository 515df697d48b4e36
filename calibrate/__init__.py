"""Turn your own lead history into a lead score that can be defended with numbers."""
