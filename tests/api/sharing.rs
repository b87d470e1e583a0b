//! Publishing and taking back: what others see, and what they do not.
