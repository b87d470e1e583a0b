//! What is nearby.
