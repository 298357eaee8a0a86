"""Past commands decided anew under other rules, without writing anything."""
