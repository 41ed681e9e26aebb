"""The book of the tests of ``alvh risk`` and its fellows: one condor and three layers on the embedded sample."""

from __future__ import annotations

from datetime import date

HEAD = "root,expiry,strike,right,quantity,opened,open_price,sleeve,layer\n"
CONDOR = """SPX,2018-03-16,2585,P,1,2018-01-26,4.05,condor,
SPX,2018-03-16,2735,P,-1,2018-01-26,11.80,condor,
SPX,2018-03-16,2955,C,-1,2018-01-26,6.55,condor,
SPX,2018-03-16,3005,C,1,2018-01-26,1.65,condor,
"""
HEDGE = """VIXW,2018-02-27,17,C,4,2018-01-26,0.35,hedge,layer1
VIX,2018-03-21,19,C,4,2018-01-26,0.40,hedge,layer2
VIX,2018-04-18,21,C,2,2018-01-26,0.50,hedge,layer3
"""
DAY = date(2018, 1, 26)
COMMANDS = ("risk", "stress", "margin", "payoff")
