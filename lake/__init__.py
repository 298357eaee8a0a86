"""Rows that several projectors publish and anybody reads meanwhile, in one Delta table."""
