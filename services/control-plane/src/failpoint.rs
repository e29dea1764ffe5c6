//! Points at which a test ends this process as a crash would: at an exact step,
//! with nothing after it; or makes a step slow.
//!
//! Each step has two, `STEP.before` and `STEP.after`. They are there only in a
//! build with the feature `failpoints`, where `FAILPOINTS="promote.after=return"`
//! in the environment ends lictord at that one, and
//! `FAILPOINTS="promote.after=return(1000)"` lets it wait there for so many
//! milliseconds; in any other build they are nothing.

use std::time::Duration;

/// A step begins.
pub(crate) async fn before(step: &str) {
    wait(reach(step, "before")).await;
}

/// A step has ended.
pub(crate) async fn after(step: &str) {
    wait(reach(step, "after")).await;
}

/// A step begins that cannot wait.
pub(crate) fn before_at_once(step: &str) {
    reach(step, "before");
}

/// A step has ended that cannot wait.
pub(crate) fn after_at_once(step: &str) {
    reach(step, "after");
}

async fn wait(delay: Option<Duration>) {
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
}

#[cfg(feature = "failpoints")]
fn reach(step: &str, moment: &str) -> Option<Duration> {
    let point = format!("{step}.{moment}");
    fail::fail_point!(&point, |told: Option<String>| {
        let Some(millis) = told.and_then(|millis| millis.parse().ok()) else {
            tracing::warn!(point, "ends here, as it was told to");
            std::process::abort()
        };
        tracing::warn!(point, millis, "waits here, as it was told to");
        Some(Duration::from_millis(millis))
    });
    None
}

#[cfg(not(feature = "failpoints"))]
const fn reach(_step: &str, _moment: &str) -> Option<Duration> {
    None
}

/// Takes the points from the environment; they hold until it is dropped.
#[cfg(feature = "failpoints")]
pub(crate) fn arm() -> fail::FailScenario<'static> {
    fail::FailScenario::setup()
}
