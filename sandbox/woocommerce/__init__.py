"""A WooCommerce shop: REST API v3 with its own state, faults on demand and a ledger of effects."""
