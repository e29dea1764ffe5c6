//! The leader's routing table at an instance that does not lead.
//!
//! It subscribes to the leader as anybody does, puts what it is sent into this
//! instance's hub under the leader's revisions, and says of a revision that it is
//! answered once its own subscribers have answered, or had their time to: so who
//! waits there for everybody waits for them too. Without a leader the table stays as
//! it is, and nobody here is disconnected.
//!
//! It makes no revision and judges no route.

mod stream;
mod view;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lictor_domain::{Mono, Revision};
use lictor_engine::leadership::LeaderSeen;

pub(crate) use self::view::RelayView;
use crate::app::{App, Shared};
use crate::clock;
use crate::leadership::Whom;

/// Between two tries to reach a leader.
const AGAIN: Duration = Duration::from_millis(150);
/// A leader that says where the table is less often than this is not heard.
const SILENCE: Duration = Duration::from_secs(3);

/// What was last heard of the leader's table.
#[derive(Debug, Default)]
pub(crate) struct Relay(Mutex<Option<Heard>>);

/// What was heard of one leader.
#[derive(Clone, Debug)]
struct Heard {
    /// Its instance.
    leader: String,
    /// Where its table is.
    newest: Revision,
    /// When it said so.
    at: Mono,
}

impl Relay {
    /// How this instance stands to the leader's table, where it holds `held`.
    pub(crate) fn view(&self, held: Option<Revision>) -> RelayView {
        RelayView::of(self.heard(), held, clock::mono())
    }

    fn heard(&self) -> Option<Heard> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }

    fn hears(&self, heard: Option<Heard>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = heard;
    }
}

impl App {
    /// How this instance stands to the leader's table.
    pub(crate) fn relayed(&self) -> RelayView {
        self.relay.view(self.hub.revision())
    }
}

/// Follows whoever leads, until shutdown.
pub(crate) async fn run(app: Shared) {
    let following = async {
        loop {
            let leader = leader(&app).await;
            tokio::select! {
                why = stream::follow(&app, &leader) => {
                    tracing::info!(leader = leader.holder, why, "the leader's table is not relayed");
                }
                () = gone(&app, &leader) => {}
            }
            // What nobody tells any more is not known.
            app.relay.hears(None);
            app.hub.hint(&std::collections::BTreeMap::new());
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::select! {
        () = following => {}
        () = app.shutdown.cancelled() => {}
    }
}

/// The leader, once another instance is.
async fn leader(app: &App) -> LeaderSeen {
    let mut whom = app.standing.whom();
    loop {
        if let Some(leader) = whom.borrow_and_update().other() {
            return leader;
        }
        // Only together with this does its sender go away.
        let _ = whom.changed().await;
    }
}

/// Returns when another instance leads, or this one. That nobody is seen to lead is
/// no reason to leave.
async fn gone(app: &App, leader: &LeaderSeen) {
    let elsewhere = |whom: &Whom| match whom {
        Whom::Nobody => false,
        Whom::Me(_) => true,
        Whom::Other(other) => other.advertise != leader.advertise,
    };
    let _ = app.standing.whom().wait_for(elsewhere).await;
}
