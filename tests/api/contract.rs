//! The served contract, and what every answer has in common.
