"""Cboe's strategy indices rebuilt on the engine and held against their published levels."""
