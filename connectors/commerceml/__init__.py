"""1C by CommerceML: catalogues, offers, prices and stock that 1C leaves in a folder."""
