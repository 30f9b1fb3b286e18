//! gate
pub(super) mod scan;
pub(super) mod syntax;
pub(super) mod walk;
