"""What runs together: a flow is a tuple of stages; used by dags/ and by `hub run` alike."""
