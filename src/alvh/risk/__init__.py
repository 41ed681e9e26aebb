"""What the book could lose: exposures, margin, stress, break-evens, sizing. Reads markets through their protocols only."""
