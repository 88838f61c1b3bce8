"""How to talk: one folder a system kind; each speaks its protocol and knows no other system."""
