//! Who was known to be the primary, and since when: as a subscriber heard it.
//!
//! Invariant: a primacy stands here only after it was published, so whoever
//! acknowledges a write sent later must have that primacy, or a newer one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use lictor_client::Lictor;
use lictor_integration::Acknowledged;
use tokio::task::AbortHandle;

/// One primacy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Primacy {
    epoch: String,
    host: String,
    known: Instant,
}

/// Every primacy heard of, in order.
#[derive(Debug)]
pub(crate) struct Primacies {
    heard: Arc<Mutex<Vec<Primacy>>>,
    listener: AbortHandle,
}

impl Primacies {
    /// Listens from now on.
    pub(crate) fn listen(client: &Arc<Lictor>, cluster: &str) -> Self {
        let heard = Arc::new(Mutex::new(vec![]));
        let listener = tokio::spawn(listen(client.clone(), cluster.to_owned(), heard.clone()));
        Self {
            heard,
            listener: listener.abort_handle(),
        }
    }

    fn heard(&self) -> Vec<Primacy> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many epochs there were.
    pub(crate) fn count(&self) -> usize {
        self.heard().len()
    }

    /// The writes that a primary of an older epoch acknowledged although they
    /// were sent when a newer one was known.
    pub(crate) fn stale(&self, acknowledged: &[Acknowledged]) -> Vec<String> {
        let heard = self.heard();
        let stale = acknowledged.iter().filter(|write| is_stale(&heard, write));
        stale.map(|write| told(&heard, write)).collect()
    }
}

impl Drop for Primacies {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

fn is_stale(heard: &[Primacy], write: &Acknowledged) -> bool {
    let newest = heard
        .iter()
        .rposition(|primacy| primacy.known <= write.sent);
    let allowed = &heard[newest.unwrap_or_default()..];
    newest.is_some() && !allowed.iter().any(|primacy| primacy.host == write.server)
}

fn told(heard: &[Primacy], write: &Acknowledged) -> String {
    let newest = heard
        .iter()
        .rfind(|primacy| primacy.known <= write.sent)
        .map_or_else(String::new, |primacy| {
            format!(
                ", {} ms after {} was known as the primary of epoch {}",
                write.sent.duration_since(primacy.known).as_millis(),
                primacy.host,
                primacy.epoch
            )
        });
    format!("{} acknowledged {}, sent{newest}", write.server, write.id)
}

async fn listen(client: Arc<Lictor>, cluster: String, heard: Arc<Mutex<Vec<Primacy>>>) {
    let mut changes = client.routes().changes();
    loop {
        if let Ok(primacy) = primacy(&client, &cluster) {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            if heard.last().is_none_or(|last| last.epoch != primacy.epoch) {
                heard.push(primacy);
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn primacy(client: &Lictor, cluster: &str) -> Result<Primacy> {
    let route = client.routes().route(cluster)?;
    let writer = route.writer().context("nobody takes writes")?;
    Ok(Primacy {
        epoch: route.epoch.to_string(),
        host: writer.address.host().to_owned(),
        known: Instant::now(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Primacies of a, b and c, ten seconds each.
    fn heard(from: Instant) -> Vec<Primacy> {
        let hosts = ["a", "b", "c"].iter().enumerate();
        let primacy = |(n, host): (usize, &&str)| Primacy {
            epoch: format!("1.{n}"),
            host: (*host).to_owned(),
            known: from + Duration::from_secs(10 * n as u64),
        };
        hosts.map(primacy).collect()
    }

    fn stale(server: &str, sent: u64) -> bool {
        let from = Instant::now();
        let sent = from + Duration::from_secs(sent);
        let write = Acknowledged {
            id: 1,
            server: server.to_owned(),
            sent,
            at: sent + Duration::from_mins(1),
        };
        is_stale(&heard(from), &write)
    }

    #[test]
    fn the_primary_of_the_time_and_any_later_one_may_acknowledge() {
        for (server, sent) in [("a", 5), ("b", 5), ("c", 5), ("b", 15), ("c", 25)] {
            assert!(!stale(server, sent), "{server} at {sent} s");
        }
    }

    #[test]
    fn a_primary_of_an_older_epoch_and_one_who_never_was_may_not() {
        for (server, sent) in [("a", 15), ("a", 25), ("b", 25), ("d", 5)] {
            assert!(stale(server, sent), "{server} at {sent} s");
        }
    }

    #[test]
    fn late_news_of_an_acknowledgement_does_not_make_it_stale() {
        assert!(!stale("a", 9));
    }
}
