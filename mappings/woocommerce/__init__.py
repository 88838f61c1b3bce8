"""What WooCommerce records mean, and what WooCommerce is sent."""
