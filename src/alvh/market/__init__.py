"""One instant: quotes, chains, surfaces, forwards, marks, snapshots, causal signals."""
