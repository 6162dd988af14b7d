//! The bounded pool that programs run in.

/// The bounded pool that programs run in; clones share its bound.
#[derive(Debug, Clone)]
pub struct ProcessPool {}

impl ProcessPool {
    /// How many programs run at once unless the configuration says otherwise.
    pub const AT_ONCE: usize = 64;

    /// A pool in which at most `at_once` programs run at the same time.
    pub fn new(_at_once: usize) -> Self {
        Self {}
    }
}

impl Default for ProcessPool {
    fn default() -> Self {
        Self::new(Self::AT_ONCE)
    }
}
