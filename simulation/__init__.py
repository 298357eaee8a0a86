"""Simulated days of calls, seeded and calibrated on real ones."""
