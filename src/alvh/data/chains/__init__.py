"""Readers of quoted chains, one a vendor layout, each recognised by its header; :func:`load_chains` is the way in."""

from alvh.data.chains.load import load_chains

__all__ = ["load_chains"]
