//! Aether's memory: every run's directory, its append-only logs of signals, and an index over all of them.
