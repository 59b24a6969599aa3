"""The event store's tables as versioned files, applied in order and remembered.

``<dialect>/NNNN_name.sql`` are applied once each, in the order of their numbers. A file that was
applied is never edited afterwards: its checksum is kept and compared.
"""
