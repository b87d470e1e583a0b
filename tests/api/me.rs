//! One's own account, sessions and list.
