//! Writes down what happens to the clusters while this instance leads, and until
//! when it observed them. It never holds up a steward: what waits is bounded, and
//! what finds no place is said in the log. What Postgres does not take waits on
//! disk ([`crate::spool`]).
//!
//! The end of every observation is moved on each [`MARK_EVERY`], so a leader that
//! dies leaves no time counted as observed that it did not see.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use lictor_domain::{ClusterName, Happening, Span};
use lictor_engine::history::Note;
use lictor_store::{HappeningId, HappeningRecord, StoreError};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::app::{App, Shared};
use crate::bulletin::Event;
use crate::leadership::Reign;
use crate::spool::Entry;

/// Steps of stewards whose notes may wait; each makes a handful in a failover.
const QUEUE: usize = 1024;
/// Steps whose notes are written at once.
const AT_ONCE: usize = 64;
const PAUSE: Duration = Duration::from_millis(500);
/// How often the ends of observations are moved on.
const MARK_EVERY: Duration = Duration::from_secs(5);
/// How often what is old is forgotten, and how much at once.
const FORGET_EVERY: Duration = Duration::from_hours(1);
const FORGOTTEN_AT_ONCE: u32 = 1000;

/// Takes what the stewards have to tell.
#[derive(Clone, Debug)]
pub(crate) struct Historian {
    notes: mpsc::Sender<Vec<Note>>,
}

impl Historian {
    /// Starts one. It ends when all who tell it anything have ended.
    pub(crate) fn start(app: &Shared, reign: &Reign) -> Self {
        let (notes, inbox) = mpsc::channel(QUEUE);
        let desk = Desk {
            app: app.clone(),
            reign: reign.clone(),
        };
        app.tasks.spawn(desk.write_all(inbox));
        Self { notes }
    }

    /// Has it written down. It never waits.
    pub(crate) fn note(&self, notes: Vec<Note>) {
        if notes.is_empty() {
            return;
        }
        if let Err(error) = self.notes.try_send(notes) {
            let (mpsc::error::TrySendError::Full(lost) | mpsc::error::TrySendError::Closed(lost)) =
                &error;
            tracing::error!(lost = lost.len(), %error, "history is lost: it cannot be written");
        }
    }
}

/// Where it is written.
struct Desk {
    app: Shared,
    reign: Reign,
}

impl Desk {
    async fn write_all(self, mut inbox: mpsc::Receiver<Vec<Note>>) {
        let mut marks = tokio::time::interval_at(Instant::now() + MARK_EVERY, MARK_EVERY);
        marks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = Vec::new();
        loop {
            tokio::select! {
                count = inbox.recv_many(&mut waiting, AT_ONCE) => {
                    if count == 0 {
                        return;
                    }
                    self.write(waiting.drain(..).flatten().collect()).await;
                }
                _ = marks.tick() => self.mark().await,
            }
        }
    }

    /// What finds Postgres away, or something waiting for it, waits on disk.
    async fn write(&self, notes: Vec<Note>) {
        if self.app.spool.is_empty() {
            let batch = Batch::of(&notes);
            match self.try_write(&batch).await {
                Ok(ids) => {
                    for (id, happening) in ids.into_iter().zip(batch.happenings) {
                        tell(&self.app, HappeningRecord { id, happening });
                    }
                    return;
                }
                Err(StoreError::StaleTerm { current, .. }) => {
                    self.reign.deposed_by_postgres(current);
                }
                Err(error @ (StoreError::Unavailable(_) | StoreError::Denied(_))) => {
                    tracing::warn!(%error, "Postgres does not take the history: it waits on disk");
                }
                Err(error) => {
                    tracing::error!(%error, "history is lost: Postgres does not take it");
                    return;
                }
            }
        }
        let entries = notes.into_iter().map(|note| match note {
            Note::Happened(happening) => Entry::Happened(happening),
            Note::Observed(cluster, span) => Entry::Observed(cluster, span),
        });
        self.app.spool.put(self.reign.term, entries.collect()).await;
    }

    async fn try_write(&self, batch: &Batch) -> Result<Vec<HappeningId>, StoreError> {
        let (store, term) = (&self.app.store, self.reign.term);
        if !batch.spans.is_empty() {
            store.observation_save(term, &batch.spans).await?;
        }
        if batch.happenings.is_empty() {
            return Ok(vec![]);
        }
        store.happening_append(term, &batch.happenings).await
    }

    /// Moves the ends of the observations on. A mark that fails is made up for by
    /// the next one.
    async fn mark(&self) {
        let spans = observed(&self.app);
        if spans.is_empty() {
            return;
        }
        match self
            .app
            .store
            .observation_save(self.reign.term, &spans)
            .await
        {
            Ok(()) => {}
            Err(StoreError::StaleTerm { current, .. }) => self.reign.deposed_by_postgres(current),
            Err(error) => tracing::debug!(%error, "observations are not marked"),
        }
    }
}

/// Makes known what happened: every happening passes here once it is stored,
/// with its place.
pub(crate) fn tell(app: &App, record: HappeningRecord) {
    let Happening {
        cluster,
        kind,
        code,
        sentence,
        ..
    } = &record.happening;
    tracing::info!(id = record.id.0, %cluster, %kind, code, "{sentence}");
    let told = Event::Happening(Arc::new(record));
    app.bulletin.publish(told);
}

/// Notes that are written together.
#[derive(Debug, Default)]
struct Batch {
    happenings: Vec<Happening>,
    spans: Vec<(ClusterName, Span)>,
}

impl Batch {
    fn of(notes: &[Note]) -> Self {
        let mut batch = Self::default();
        for note in notes {
            match note {
                Note::Happened(happening) => batch.happenings.push((**happening).clone()),
                Note::Observed(cluster, span) => batch.spans.push((cluster.clone(), *span)),
            }
        }
        batch
    }
}

/// What each cluster that is kept here has been observed for without a gap.
pub(crate) fn observed(app: &App) -> Vec<(ClusterName, Span)> {
    let snapshots = app.fleet.snapshots().into_iter();
    let spans = snapshots.filter_map(|snapshot| {
        let span = snapshot.observed?;
        Some((snapshot.view.cluster.name.clone(), span))
    });
    spans.collect()
}

/// Forgets what is older than the settings say, a part at a time. Never returns.
pub(crate) async fn forget(app: &App, reign: &Reign) {
    loop {
        tokio::time::sleep(FORGET_EVERY).await;
        let before = Utc::now() - TimeDelta::days(app.settings.history.keep_days.get().into());
        loop {
            let store = &app.store;
            match store
                .happening_forget(reign.term, before, FORGOTTEN_AT_ONCE)
                .await
            {
                Ok(0) => break,
                Ok(forgotten) => tracing::debug!(forgotten, "old history is forgotten"),
                Err(error) => {
                    tracing::warn!(%error, "old history is not forgotten");
                    break;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
