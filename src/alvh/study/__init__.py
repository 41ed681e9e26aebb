"""Studies: what the models and the engine are worth when they are held against the market; nothing of a backtest needs them."""
