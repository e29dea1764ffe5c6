//! Waiting for a condition instead of a time.

use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long to rest between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until the look succeeds, and hands back what it saw.
/// Each look returns `Err` with what it observed instead of what was wanted.
///
/// # Errors
/// The last observation, when `deadline` passes first.
pub async fn eventually<T, E, Look, Seen>(
    what: &str,
    deadline: Duration,
    mut look: Look,
) -> Result<T>
where
    E: Display,
    Look: FnMut() -> Seen,
    Seen: Future<Output = Result<T, E>>,
{
    let end = Instant::now() + deadline;
    let mut last = String::from("nothing yet");
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, look()).await {
            Ok(Ok(seen)) => return Ok(seen),
            Ok(Err(observed)) if !left.is_zero() => last = format!("{observed:#}"),
            _ => bail!("{what}: not within {deadline:?}; last seen: {last}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_success_is_handed_back() {
        let mut looks = 0;
        let seen = eventually("three looks", Duration::from_secs(10), || {
            looks += 1;
            let now = looks;
            async move {
                if now == 3 {
                    Ok(now)
                } else {
                    Err(format!("look {now}"))
                }
            }
        })
        .await;
        assert_eq!(seen.unwrap(), 3);
    }

    #[tokio::test]
    async fn the_last_observation_is_in_the_error() {
        let seen = eventually("a miracle", Duration::from_millis(30), || async {
            Err::<(), _>("an ordinary day")
        })
        .await;
        let message = seen.unwrap_err().to_string();
        assert!(
            message.contains("a miracle") && message.contains("an ordinary day"),
            "{message}"
        );
    }
}
