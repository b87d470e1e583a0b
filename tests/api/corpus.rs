//! Real files through the real server.
