"""Model prices against quoted chains: what index levels alone predict, by delta, tenor and regime.

``run`` scores chains, ``summary`` averages, ``document`` says it in plain values; the command is ``alvh study model-error``.
Definitions: ``docs/reference/model-errors.md``.
"""
