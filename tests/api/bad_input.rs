//! Whatever a client sends: a clear problem, at bounded cost, and nothing stored.
