//! Who was turned away stands in the audit log: at the leader at once, elsewhere by
//! way of it.
//!
//! Nobody fills the log by knocking: so many a minute are written down, of one address
//! and of all, and the rest are counted.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use lictor_domain::Actor;
use lictor_domain::access::Outcome;
use lictor_store::AuditEntry;
use lictor_wire::v1;
use tokio::sync::mpsc;

use crate::app::{App, Shared};
use crate::{audit, members, telemetry};

/// Of one address in a minute, and of all.
const OF_ONE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);
const OF_ALL: NonZeroU32 = NonZeroU32::MIN.saturating_add(299);
/// That wait to be written down.
const WAITING: usize = 256;

/// Where denials go.
#[derive(Debug)]
pub(crate) struct Denials {
    to: mpsc::Sender<AuditEntry>,
    of_one: DefaultKeyedRateLimiter<IpAddr>,
    of_all: DefaultDirectRateLimiter,
}

/// Where they come from.
pub(crate) type Told = mpsc::Receiver<AuditEntry>;

impl Denials {
    /// Both ends.
    pub(crate) fn new() -> (Self, Told) {
        let (to, told) = mpsc::channel(WAITING);
        let denials = Self {
            to,
            of_one: RateLimiter::keyed(Quota::per_minute(OF_ONE)),
            of_all: RateLimiter::direct(Quota::per_minute(OF_ALL)),
        };
        (denials, told)
    }

    /// Tells of one. Never waits.
    pub(crate) fn tell(&self, actor: Actor, action: &str, target: &str, sentence: &str) {
        let from = actor.from.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let entry = AuditEntry {
            actor,
            action: action.to_owned(),
            target: target.to_owned(),
            reason: None,
            result: sentence.to_owned(),
            outcome: Outcome::Denied,
        };
        let has_room = self.of_one.check_key(&from).is_ok() && self.of_all.check().is_ok();
        let written = has_room && self.to.try_send(entry).is_ok();
        telemetry::denied(written);
    }

    /// Forgets addresses that have not knocked for a while.
    pub(super) fn tidy(&self) {
        self.of_one.retain_recent();
    }
}

/// Writes them down until the end.
pub(crate) async fn keep(app: Shared, mut told: Told) {
    loop {
        let next = tokio::select! {
            next = told.recv() => next,
            () = app.shutdown.cancelled() => None,
        };
        let Some(entry) = next else { return };
        write(&app, entry).await;
    }
}

/// Writes one down, here or at the leader.
pub(crate) async fn write(app: &App, entry: AuditEntry) {
    if let Some(lease) = app.standing.lease() {
        audit::write(app, lease.term(), &entry).await;
        return;
    }
    let passed_on = pass_on(app, &entry).await;
    if let Err(why) = passed_on {
        let AuditEntry {
            actor,
            action,
            target,
            result,
            ..
        } = &entry;
        tracing::warn!(why, %actor, action, target, result, "a denial is not in the audit log");
    }
}

async fn pass_on(app: &App, entry: &AuditEntry) -> Result<(), String> {
    let leader = app.standing.whom().borrow().other();
    let leader = leader.ok_or("no leader is known here")?;
    let client = members::client(app, &leader.advertise).await;
    let mut client = client.map_err(|error| error.to_string())?;
    let request = v1::NoteDenialRequest {
        actor: entry.actor.name.clone(),
        token: entry.actor.token.clone(),
        from: entry.actor.from.map(|address| address.to_string()),
        action: entry.action.clone(),
        target: entry.target.clone(),
        sentence: entry.result.clone(),
    };
    let noted = tokio::time::timeout(members::CONNECT, client.note_denial(request)).await;
    let noted = noted.map_err(|_| "the leader did not answer in time")?;
    noted
        .map(drop)
        .map_err(|status| status.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_fills_the_log_by_knocking() {
        let (denials, mut told) = Denials::new();
        let knock = |last: u8| {
            let actor = Actor {
                from: Some([10, 0, 0, last].into()),
                ..Actor::called("unknown")
            };
            denials.tell(actor, "GET", "/v1/clusters", "no");
        };
        (0..100).for_each(|_| knock(1));
        knock(2);
        let mut written = vec![];
        while let Ok(entry) = told.try_recv() {
            assert_eq!(entry.outcome, Outcome::Denied);
            written.push(entry.actor.from);
        }
        assert_eq!(written.len(), 31);
        assert_eq!(written.last(), Some(&Some([10, 0, 0, 2].into())));
        let mut others = 0;
        for address in (3..=255).cycle().take(5000) {
            knock(address);
            others += usize::from(told.try_recv().is_ok());
        }
        assert!((100..1000).contains(&others), "{others} of 5000");
    }
}
