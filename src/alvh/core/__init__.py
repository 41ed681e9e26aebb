"""The vocabulary: contracts, calendars, orders, Greeks, errors. Standard library and numpy alone."""
