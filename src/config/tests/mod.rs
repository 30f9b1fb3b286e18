//! Broken files and what is said about them; the good one; and laws.
