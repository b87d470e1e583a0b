//! Forged, old and ended tokens.
