"""Real markets: readers, one aligned history, quality reports, the embedded sample."""
