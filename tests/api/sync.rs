//! Uploads that are repeated, raced and cut off.
