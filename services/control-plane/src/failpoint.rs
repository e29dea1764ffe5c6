//! Points at which a test ends this process as a crash would: at an exact step,
//! with nothing after it.
//!
//! Each step has two, `STEP.before` and `STEP.after`. They are there only in a
//! build with the feature `failpoints`, where `FAILPOINTS="promote.after=return"`
//! in the environment ends lictord at that one; in any other build they are
//! nothing.

/// A step begins.
pub(crate) fn before(step: &str) {
    reach(step, "before");
}

/// A step has ended.
pub(crate) fn after(step: &str) {
    reach(step, "after");
}

#[cfg(feature = "failpoints")]
fn reach(step: &str, moment: &str) {
    let point = format!("{step}.{moment}");
    fail::fail_point!(&point, |_| {
        tracing::warn!(point, "ends here, as it was told to");
        std::process::abort()
    });
}

#[cfg(not(feature = "failpoints"))]
fn reach(_step: &str, _moment: &str) {}

/// Takes the points from the environment; they hold until it is dropped.
#[cfg(feature = "failpoints")]
pub(crate) fn arm() -> fail::FailScenario<'static> {
    fail::FailScenario::setup()
}
