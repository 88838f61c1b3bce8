"""WooCommerce REST API v3: products, variations and categories, both ways."""
