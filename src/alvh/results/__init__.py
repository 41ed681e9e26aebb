"""Meaning: metrics, attribution, tables, the tear sheet."""
