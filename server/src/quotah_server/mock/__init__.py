"""A stand-in for model providers: answers like them, bills nothing, breaks on request.

Tests run against it, and so do people who try Quotah before they have a provider key. ``app`` is
the way in; ``wire`` plays an answer over a socket; ``script``, ``plans`` and ``faults`` hold what a
caller may ask for; a folder per vendor speaks its wire format.
"""
