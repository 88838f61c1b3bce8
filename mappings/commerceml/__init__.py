"""What CommerceML (1C) records mean."""
