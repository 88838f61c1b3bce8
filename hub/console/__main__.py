"""`python -m hub.console`: the `hub` command where it is not on the path."""

from hub.console.command import main

main()
