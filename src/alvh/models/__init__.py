"""Made markets: the SPX surface, the VIX smile, half-spreads, stand-ins for missing inputs."""
