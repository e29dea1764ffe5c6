//! History that Postgres does not take: kept on a disk, and written in its order
//! when Postgres is back. Whatever is written twice, because nobody knew, is
//! there once.
//!
//! What a leader told is history in full only while nobody else led after it:
//! written later, it would end what a successor has begun. So it is written in
//! the name of the term it was told in, or of the next one by the leader of that
//! before it looks at what was told, or else *late*: shown, and nothing is told
//! from it.
//!
//! It is bounded. What has no room is dropped, counted, and said.

mod file;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use lictor_domain::access::Outcome;
use lictor_domain::{Actor, ClusterName, Happening, Recovery, Span, Term};
use lictor_store::{AuditEntry, AuditNote, HappeningRecord, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as Turn;
use uuid::Uuid;

use self::file::SpoolFile;
use crate::app::{App, Shared};
use crate::historian;
use crate::telemetry;

/// Entries that are written at once.
const AT_ONCE: usize = 64;
/// Between two looks at whether Postgres is back.
const PAUSE: Duration = Duration::from_millis(500);
const MIB: u64 = 1024 * 1024;

/// Something that belongs into the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// What happened.
    Happened(Box<Happening>),
    /// When a cluster was observed.
    Observed(ClusterName, Span),
    /// What was done.
    Audit(Box<AuditNote>),
    /// A recovery that has ended.
    Recovery(Box<Recovery>),
}

#[derive(Serialize, Deserialize)]
struct Line {
    term: Term,
    entry: Entry,
}

/// How what was told in a term is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// In the name of this term.
    Of(Term),
    /// By nobody who leads on from it.
    Late,
}

/// What waits for Postgres.
#[derive(Debug)]
pub(crate) struct Spool {
    file: Arc<Mutex<SpoolFile>>,
    most: u64,
    lines: AtomicU64,
    bytes: AtomicU64,
    dropped: AtomicU64,
    /// How many of those dropped stand in the audit log.
    told: AtomicU64,
    turn: Turn<()>,
}

impl Spool {
    /// Opens the spool in a directory, with what an earlier process left there.
    ///
    /// # Errors
    /// What the system said, or that another process has it.
    pub(crate) fn open(dir: &Path, most_mib: u32) -> io::Result<Self> {
        let most = u64::from(most_mib) * MIB;
        let file = SpoolFile::open(dir, most)?;
        let (lines, bytes) = file.size();
        Ok(Self {
            file: Arc::new(Mutex::new(file)),
            most,
            lines: AtomicU64::new(lines),
            bytes: AtomicU64::new(bytes),
            dropped: AtomicU64::new(0),
            told: AtomicU64::new(0),
            turn: Turn::default(),
        })
    }

    /// Whether nothing waits: then what is new may go to Postgres directly.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.load(Ordering::Acquire) == 0
    }

    /// Keeps what was told in a term, behind all that waits.
    pub(crate) async fn put(&self, term: Term, entries: Vec<Entry>) {
        let count = entries.len();
        let lines = entries.into_iter().map(|entry| Line { term, entry });
        let lines: Result<Vec<String>, _> = lines.map(|it| serde_json::to_string(&it)).collect();
        let kept = match lines {
            Ok(lines) => self.on_disk(move |file| file.append(&lines)).await,
            Err(error) => Err(error.into()),
        };
        match kept {
            Ok(kept) if kept == count => {}
            Ok(kept) => self.drop_some(count - kept, "the spool is full"),
            Err(error) => self.drop_some(count, &error.to_string()),
        }
    }

    /// What there is to say about it.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let [lines, bytes, dropped] =
            [&self.lines, &self.bytes, &self.dropped].map(|it| it.load(Ordering::Relaxed));
        let mut sentences = vec![];
        if lines > 0 {
            let (kib, most) = (bytes.div_ceil(1024), self.most / MIB);
            sentences.push(format!(
                "{lines} entries of history wait on disk for Postgres: {kib} KiB of {most} MiB"
            ));
        }
        if dropped > 0 {
            sentences.push(format!(
                "{dropped} entries of history are lost: Postgres was away, and there was no room \
                 on disk"
            ));
        }
        sentences
    }

    /// Writes what is left of the term before this one, so that its leader goes
    /// on from it, and all else late.
    pub(crate) async fn hand_down(&self, app: &App, term: Term) -> Result<(), StoreError> {
        let Term(number) = term;
        let manner = |told: Term| match told {
            told if told == term || told.0 + 1 == number => Some(Manner::Of(term)),
            _ => Some(Manner::Late),
        };
        self.write_out(app, manner).await
    }

    /// Writes what waits, from the front, until `manner` says that it is too
    /// early. What Postgres will never take is dropped.
    async fn write_out(
        &self,
        app: &App,
        manner: impl Fn(Term) -> Option<Manner>,
    ) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let mut most = AT_ONCE;
        while !self.is_empty() {
            let front = self.on_disk(move |file| file.front(most)).await;
            let front = front.unwrap_or_else(|error| {
                tracing::error!(%error, "the spool of the history cannot be read");
                vec![]
            });
            let (mut lines, batch) = Batch::of(front, &manner);
            match batch {
                None if lines.is_empty() => return Ok(()),
                None => self.drop_some(lines.len(), "it cannot be read"),
                Some(batch) => match batch.write(app).await {
                    Ok(()) => {}
                    Err(
                        error @ (StoreError::Unavailable(_)
                        | StoreError::Denied(_)
                        | StoreError::StaleTerm { .. }),
                    ) => return Err(error),
                    Err(_) if lines.len() > 1 => {
                        most = 1;
                        lines.clear();
                    }
                    Err(error) => self.drop_some(1, &error.to_string()),
                },
            }
            let taken = self.on_disk(move |file| file.take(&lines)).await;
            if let Err(error) = taken {
                tracing::error!(%error, "the spool of the history cannot be emptied");
                return Ok(());
            }
        }
        Ok(())
    }

    fn drop_some(&self, count: usize, why: &str) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
        telemetry::history_dropped(count);
        tracing::error!(lost = count, why, "history is lost");
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SpoolFile) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let file = self.file.clone();
        let worked = tokio::task::spawn_blocking(move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let done = work(&mut file);
            (done, file.size())
        });
        let (done, (lines, bytes)) = worked.await.map_err(io::Error::other)?;
        self.lines.store(lines, Ordering::Release);
        self.bytes.store(bytes, Ordering::Relaxed);
        telemetry::history_waits(lines);
        done
    }

    /// Has it in the audit log how much was dropped.
    async fn tell_dropped(&self, app: &App, term: Term) -> Result<(), StoreError> {
        let dropped = self.dropped.load(Ordering::Relaxed);
        let told = self.told.load(Ordering::Relaxed);
        if dropped == told {
            return Ok(());
        }
        let count = dropped - told;
        let entry = AuditEntry {
            actor: Actor::lictor(),
            action: "history.dropped".to_owned(),
            target: app.instance.clone(),
            reason: None,
            result: format!("{count} entries are lost: Postgres was away, and no room was left"),
            outcome: Outcome::Done,
        };
        app.store.audit_note_once(Some(term), &noted(entry)).await?;
        self.told.store(dropped, Ordering::Relaxed);
        Ok(())
    }
}

/// An entry of the audit log of this moment.
pub(crate) fn noted(entry: AuditEntry) -> AuditNote {
    AuditNote {
        key: Uuid::now_v7(),
        at: Utc::now(),
        entry,
    }
}

/// Writes what waits as soon as Postgres takes it, until shutdown.
pub(crate) async fn keep(app: Shared) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = app.shutdown.cancelled() => return,
        }
        let written = app.spool.write_out(&app, manner_now(&app)).await;
        let told = match (written, app.standing.lease()) {
            (Ok(()), Some(lease)) => app.spool.tell_dropped(&app, lease.term()).await,
            (written, _) => written,
        };
        if let Err(error) = told {
            tracing::debug!(%error, "Postgres does not take the history yet");
        }
    }
}

/// How what was told in a term is written now. A leader first takes over what it
/// can ([`Spool::hand_down`]); before another one is to be seen, this one may be
/// the next.
fn manner_now(app: &App) -> impl Fn(Term) -> Option<Manner> {
    let lease = app.standing.lease();
    let complete = app.is_complete();
    let view = app.standing.view();
    let other = view.leader_advertise.is_some().then_some(view.term);
    move |told| match lease {
        Some(lease) if !complete => (told == lease.term()).then_some(Manner::Of(told)),
        Some(lease) if lease.term() == told => Some(Manner::Of(told)),
        Some(_) => Some(Manner::Late),
        None => (other? > told).then_some(Manner::Late),
    }
}

/// What is written at once, in one manner.
struct Batch {
    manner: Manner,
    happenings: Vec<Happening>,
    spans: Vec<(ClusterName, Span)>,
    notes: Vec<AuditNote>,
    recoveries: Vec<Recovery>,
}

impl Batch {
    /// The first of these lines that can be written together, and what they say;
    /// with nothing said, they cannot be read.
    fn of(
        front: Vec<String>,
        manner: impl Fn(Term) -> Option<Manner>,
    ) -> (Vec<String>, Option<Self>) {
        let mut lines = vec![];
        let mut batch: Option<Self> = None;
        for text in front {
            let Ok(line) = serde_json::from_str::<Line>(&text) else {
                if batch.is_none() {
                    lines.push(text);
                }
                break;
            };
            let Some(manner) = manner(line.term) else {
                break;
            };
            let batch = batch.get_or_insert_with(|| Self::new(manner));
            if batch.manner != manner {
                break;
            }
            batch.add(line.entry);
            lines.push(text);
        }
        (lines, batch)
    }

    const fn new(manner: Manner) -> Self {
        Self {
            manner,
            happenings: vec![],
            spans: vec![],
            notes: vec![],
            recoveries: vec![],
        }
    }

    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Happened(happening) => self.happenings.push(*happening),
            Entry::Observed(cluster, span) => self.spans.push((cluster, span)),
            Entry::Audit(note) => self.notes.push(*note),
            Entry::Recovery(recovery) => self.recoveries.push(*recovery),
        }
    }

    async fn write(self, app: &App) -> Result<(), StoreError> {
        let store = &app.store;
        let term = match self.manner {
            Manner::Of(term) => {
                if !self.spans.is_empty() {
                    store.observation_save(term, &self.spans).await?;
                }
                let ids = store.happening_append(term, &self.happenings).await?;
                for (id, happening) in ids.into_iter().zip(self.happenings) {
                    historian::tell(app, HappeningRecord { id, happening });
                }
                Some(term)
            }
            // A time of which not all is known counts as observed by nobody.
            Manner::Late => {
                store.happening_append_late(&self.happenings).await?;
                None
            }
        };
        for note in &self.notes {
            store.audit_note_once(term, note).await?;
        }
        for recovery in &self.recoveries {
            store.recovery_add_late(recovery).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(n: u64) -> Entry {
        Entry::Audit(Box::new(noted(AuditEntry {
            actor: Actor::called("ada"),
            action: format!("act-{n}"),
            target: "orders".to_owned(),
            reason: None,
            result: "done".to_owned(),
            outcome: Outcome::Done,
        })))
    }

    fn text(term: u64, entry: Entry) -> String {
        serde_json::to_string(&Line {
            term: Term(term),
            entry,
        })
        .unwrap()
    }

    /// Terms below 5 late, 5 as its own, later ones not yet.
    fn manner(told: Term) -> Option<Manner> {
        match told.0 {
            ..5 => Some(Manner::Late),
            5 => Some(Manner::Of(Term(5))),
            _ => None,
        }
    }

    #[test]
    fn only_what_is_written_in_one_manner_is_written_together() {
        let front: Vec<_> = [3, 4, 5, 5, 6].map(|term| text(term, note(term))).into();
        let (lines, batch) = Batch::of(front.clone(), manner);
        assert_eq!(lines, front[..2]);
        assert_eq!(batch.unwrap().manner, Manner::Late);
        let (lines, batch) = Batch::of(front[2..].to_vec(), manner);
        assert_eq!(lines, front[2..4]);
        assert_eq!(batch.unwrap().manner, Manner::Of(Term(5)));
        let (lines, batch) = Batch::of(front[4..].to_vec(), manner);
        assert!(lines.is_empty() && batch.is_none(), "it is too early");
    }

    #[test]
    fn a_line_from_before_there_were_tokens_is_read() {
        let old = r#"{"term":5,"entry":{"audit":{"key":"00000000-0000-0000-0000-000000000007",
            "at":"2026-01-01T00:00:00Z","entry":{"actor":"ada","action":"cluster.set",
            "target":"orders","reason":null,"result":"policy changed"}}}}"#;
        let (lines, batch) = Batch::of(vec![old.to_owned()], manner);
        assert_eq!(lines, [old]);
        let notes = batch.unwrap().notes;
        assert_eq!(notes[0].entry.actor, Actor::called("ada"));
    }

    #[test]
    fn a_line_that_cannot_be_read_stands_alone() {
        let front = vec![text(5, note(1)), "{".to_owned(), text(5, note(2))];
        let (lines, batch) = Batch::of(front.clone(), manner);
        assert_eq!((lines.len(), batch.unwrap().notes.len()), (1, 1));
        let (lines, batch) = Batch::of(front[1..].to_vec(), manner);
        assert_eq!(lines, ["{"]);
        assert!(batch.is_none());
    }

    #[tokio::test]
    async fn what_waits_and_what_is_lost_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path(), 1).unwrap();
        assert!(spool.is_empty());
        spool.put(Term(1), vec![note(1), note(2)]).await;
        let said = spool.sentences();
        assert!(
            said[0].starts_with("2 entries of history wait on disk"),
            "{said:?}"
        );
        let much: Vec<_> = (0..10_000).map(note).collect();
        spool.put(Term(1), much).await;
        let said = spool.sentences();
        assert!(said[1].contains("are lost"), "{said:?}");
        drop(spool);
        assert!(!Spool::open(dir.path(), 1).unwrap().is_empty());
    }
}
