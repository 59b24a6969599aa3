"""Where things are kept: control data, events, counters. Each reached through a small Protocol."""
