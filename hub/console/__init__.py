"""What people use: the `hub` command and the pages."""
