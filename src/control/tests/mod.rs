//! Tokens that are good, and every way in which they are not.
