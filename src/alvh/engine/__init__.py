"""Consequences: costs, broker, ledger, the session, the backtest."""
