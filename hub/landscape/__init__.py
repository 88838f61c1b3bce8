"""This retailer: landscape.yml read and checked, connections, pace."""
