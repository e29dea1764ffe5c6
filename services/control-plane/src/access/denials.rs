//! Who was turned away stands in the audit log: at the leader at once, elsewhere by
//! way of it.
//!
//! Nobody fills the log by knocking: of one address so many a minute are written
//! down, and the rest are counted.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use lictor_domain::Actor;
use lictor_domain::access::Outcome;
use lictor_store::AuditEntry;
use lictor_wire::v1;
use tokio::sync::mpsc;

use crate::app::{App, Shared};
use crate::{audit, members, telemetry};

/// Of one address in a minute.
const A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);
/// That wait to be written down.
const WAITING: usize = 256;

/// Where denials go.
#[derive(Debug)]
pub(crate) struct Denials {
    to: mpsc::Sender<AuditEntry>,
    limit: DefaultKeyedRateLimiter<IpAddr>,
}

/// Where they come from.
pub(crate) type Told = mpsc::Receiver<AuditEntry>;

impl Denials {
    /// Both ends.
    pub(crate) fn new() -> (Self, Told) {
        let (to, told) = mpsc::channel(WAITING);
        let limit = RateLimiter::keyed(Quota::per_minute(A_MINUTE));
        (Self { to, limit }, told)
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
        let written = self.limit.check_key(&from).is_ok() && self.to.try_send(entry).is_ok();
        telemetry::denied(written);
    }

    /// Forgets addresses that have not knocked for a while.
    pub(super) fn tidy(&self) {
        self.limit.retain_recent();
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
