//! What is never logged.
