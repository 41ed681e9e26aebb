"""Decisions, pure: view, conditions, schedules, sizing, policy, limits, selection."""
