"""What others would write for the same job; none imports the hub, and one runs in an environment of its own."""
