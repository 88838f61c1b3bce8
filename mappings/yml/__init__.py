"""What YML offers mean, and what a YML feed holds."""
