//! Why an input was turned down.

/// Names the field and the rule it broke, never the value: inputs are personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct Invalid {
    /// The field as the client wrote it.
    pub field: &'static str,
    /// The rule, worded to follow the field's name.
    pub reason: &'static str,
}
