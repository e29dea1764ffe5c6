//! Points at which a test ends this process as a crash would: at an exact step,
//! with nothing after it.
//!
//! Each step has two, `STEP.before` and `STEP.after`. They are there only in a
//! build with the feature `failpoints`, where `FAILPOINTS="promote.after=return"`
//! in the environment ends lictord at that one; in any other build they are
//! nothing.

/// Does the work of a step between its two points.
pub(crate) async fn around<T>(step: &str, work: impl Future<Output = T>) -> T {
    reach(step, "before");
    let done = work.await;
    reach(step, "after");
    done
}

/// The same for work that does not wait.
pub(crate) fn around_now<T>(step: &str, work: impl FnOnce() -> T) -> T {
    reach(step, "before");
    let done = work();
    reach(step, "after");
    done
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
const fn reach(_step: &str, _moment: &str) {}

/// Takes the points from the environment; they hold until it is dropped.
#[cfg(feature = "failpoints")]
pub(crate) fn arm() -> fail::FailScenario<'static> {
    fail::FailScenario::setup()
}
