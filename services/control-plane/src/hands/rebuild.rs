//! The hands of a rebuild: they ask both servers, copy, and ask what came of it.
//!
//! The copy lasts as long as the data is large. It has a session of its own, so
//! that nothing else waits for it, and is given up when no byte moves any more or
//! its donor is gone.

use std::sync::OnceLock;
use std::time::Duration;

use lictor_domain::report::{Knock, ServerError};
use lictor_domain::{CopyProgress, NodeAddress, NodeName, RebuildId};
use lictor_engine::admission::Objection;
use lictor_engine::message::Event;
use lictor_engine::rebuild::fitness::{Side, unfit};
use lictor_engine::rebuild::{RebuildDone, Restarter, RunsOn};
use lictor_engine::timing::deadline;
use lictor_mysql::{CloneState, CloneStatus, Restart};
use tokio::time::Instant;

use super::{Hand, HandError, Hands, Outcome};

/// Asking a server one thing.
const ASK: Duration = Duration::from_secs(3);
/// Longer than any copy takes.
const COPY: Duration = Duration::from_hours(48);
/// Between two looks at how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Without a byte for so long it is given up.
const STALLED: Duration = Duration::from_mins(10);

impl Hands {
    /// Asks both servers whether they can.
    pub(crate) fn check_rebuild(&self, id: RebuildId, node: NodeName, donor: NodeName) {
        let hands = self.clone();
        self.spawn(async move {
            let checked = hands.objections(&node, &donor).await;
            let done = match checked {
                Ok(objections) if objections.is_empty() => Ok(()),
                Ok(objections) => Err(objections
                    .iter()
                    .map(|one| one.sentence.as_str())
                    .collect::<Vec<_>>()
                    .join("; ")),
                Err(error) => Err(error.to_string()),
            };
            Event::Rebuilding {
                id,
                done: RebuildDone::Checked(done),
            }
        });
    }

    async fn objections(&self, node: &NodeName, donor: &NodeName) -> Outcome<Vec<Objection>> {
        let mut objections = fitness(self.hand(node)?, Side::Recipient).await?;
        objections.extend(fitness(self.hand(donor)?, Side::Donor).await?);
        Ok(objections)
    }

    /// Replaces a node's data by its donor's.
    pub(crate) fn copy(&self, id: RebuildId, node: NodeName, donor: NodeAddress) {
        let hands = self.clone();
        self.spawn(async move {
            tracing::warn!(%node, %donor, "its data is replaced by the donor's");
            let copied = hands.copied(id, &node, &donor).await;
            let done = copied.map(|restart| match restart {
                Restart::Supervised => Restarter::Supervisor,
                Restart::ByHand => Restarter::Somebody,
            });
            Event::Rebuilding {
                id,
                done: RebuildDone::Copied(done),
            }
        });
    }

    async fn copied(
        &self,
        id: RebuildId,
        node: &NodeName,
        donor: &NodeAddress,
    ) -> Result<Restart, String> {
        let hand = self.hand(node).map_err(|error| error.to_string())?;
        let copying = OnceLock::new();
        let copy = hand.apart(ASK, async |session| {
            let _ = copying.set(session.id());
            session.clone_from(donor, &self.control, COPY).await
        });
        let failed = tokio::select! {
            copied = copy => match copied {
                Ok(restart) => return Ok(restart),
                Err(error) => error.to_string(),
            },
            () = self.watch_copy(id, hand) => {
                format!("no byte was copied for {} minutes", STALLED.as_secs() / 60)
            }
            () = is_gone(donor) => format!("the process of {donor} is gone"),
        };
        // A server whose copy goes on can take no other one.
        if let Some(session) = copying.get()
            && let Err(error) = end(hand, *session).await
        {
            tracing::warn!(%node, %error, "its copy may go on");
        }
        let sentence = format!("the data of {donor} could not be copied to {node}: {failed}");
        match status(hand).await {
            Ok(CloneStatus {
                error: Some(ServerError { number, message }),
                ..
            }) => Err(format!("{sentence} ({node} says {number}: {message})")),
            _ => Err(sentence),
        }
    }

    /// Tells how far it is; ends only when it does not move any more.
    async fn watch_copy(&self, id: RebuildId, hand: &Hand) {
        let mut last = CopyProgress::default();
        let mut moved_at = Instant::now();
        while moved_at.elapsed() < STALLED {
            tokio::time::sleep(LOOK_EVERY).await;
            let look = hand.with(ASK, |session, left| Box::pin(session.clone_progress(left)));
            let Ok(progress) = look.await else { continue };
            if progress == last {
                continue;
            }
            moved_at = Instant::now();
            last = progress.clone();
            let done = RebuildDone::Progress(progress);
            // A keeper that is gone needs no news.
            let _ = self.events.send(Event::Rebuilding { id, done }).await;
        }
    }

    /// Asks a node what it runs on.
    pub(crate) fn inspect(&self, id: RebuildId, node: NodeName) {
        let hands = self.clone();
        self.spawn(async move {
            let found = match hands.hand(&node) {
                Ok(hand) => status(hand).await,
                Err(error) => Err(error),
            };
            let found = found.map(runs_on).map_err(|error| error.to_string());
            Event::Rebuilding {
                id,
                done: RebuildDone::Inspected(found),
            }
        });
    }
}

/// What keeps a server from its side of a copy.
pub(crate) async fn fitness(hand: &Hand, side: Side) -> Result<Vec<Objection>, HandError> {
    let found = hand
        .with(ASK, |session, left| Box::pin(session.clone_fitness(left)))
        .await?;
    let at = &hand.target.address;
    Ok(unfit(at, side, found.plugin, &found.privileges))
}

/// Returns when nothing listens any more where a donor did. The recipient itself
/// would try to reach it again for minutes.
async fn is_gone(donor: &NodeAddress) {
    while lictor_mysql::knock(donor, deadline::KNOCK).await != Knock::Refused {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn end(hand: &Hand, session: u32) -> Outcome {
    hand.with(ASK, |own, left| Box::pin(own.end_session(session, left)))
        .await
}

async fn status(hand: &Hand) -> Outcome<CloneStatus> {
    hand.with(ASK, |session, left| Box::pin(session.clone_status(left)))
        .await
}

fn runs_on(status: CloneStatus) -> RunsOn {
    match status.state {
        CloneState::None => RunsOn::FailedCopy("no copy was begun".to_owned()),
        CloneState::InProgress => RunsOn::Unfinished,
        CloneState::Completed => RunsOn::Copy,
        CloneState::Failed => {
            let error = status.error;
            RunsOn::FailedCopy(error.map_or_else(
                || "the copy failed, and the server does not say why".to_owned(),
                |error| format!("the copy failed: {} ({})", error.message, error.number),
            ))
        }
    }
}
