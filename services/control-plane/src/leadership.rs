//! The hands of the leadership machine: they carry its questions to both
//! stores, tell everyone whether this instance leads, and begin and end its
//! reign. The machine decides; nothing here does.
//!
//! Invariant: [`Standing::lease`] gives a lease only while the machine's own
//! clock calls it valid.

mod lease_key;
mod whom;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use lictor_consul::{ConsulError, TermGuard};
use lictor_domain::lease::LeaseRecord;
use lictor_domain::{Mono, Term};
use lictor_engine::leadership::{
    CasAnswer, Command, Event, Leadership, LeaseTiming, RoleStatus, Status, Store as Which,
    TermAnswer, Unreachable,
};
use lictor_store::StoreError;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::lease_key::LeaseKey;
pub(crate) use self::whom::Whom;
use crate::app::Shared;
use crate::causes::with_sources;
use crate::clock;
use crate::reign;

/// Consul key of the term, whose index guards every catalog transaction.
const TERM_KEY: &str = "lictor/term";
/// Consul key of the lease record.
const LEASE_KEY: &str = "lictor/lease";
const EVENTS: usize = 64;

/// Proof that this instance may act now. Made anew for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    term: Term,
}

impl Lease {
    /// The term it belongs to.
    pub(crate) const fn term(self) -> Term {
        self.term
    }
}

/// Whether this instance leads, for everyone who must know.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    valid: watch::Sender<Option<(Term, Mono)>>,
    status: RwLock<Option<Status>>,
    /// Why a store did not answer the last time.
    trouble: Mutex<BTreeMap<&'static str, String>>,
    whom: watch::Sender<Whom>,
}

/// This instance may change nothing: ask the leader.
#[derive(Debug, Error)]
#[error("this instance does not lead")]
pub(crate) struct NotLeading {
    /// Where the leader serves, if it is known.
    pub(crate) leader: Option<String>,
}

/// What the API shows of the leadership.
#[derive(Clone, Debug)]
pub(crate) struct StandingView {
    /// Whether this instance leads.
    pub(crate) leader: bool,
    /// The term it leads in, or the one of the leader it sees.
    pub(crate) term: Term,
    /// Where the leader serves, as far as this instance sees.
    pub(crate) leader_advertise: Option<String>,
    /// The lease records.
    pub(crate) leases: Vec<LeaseView>,
    /// Whether the stores answer.
    pub(crate) stores: Vec<StoreView>,
    /// All of it as a sentence.
    pub(crate) sentence: String,
}

/// One lease record.
#[derive(Clone, Debug)]
pub(crate) struct LeaseView {
    /// Where it is kept.
    pub(crate) store: &'static str,
    /// Who holds it.
    pub(crate) holder: Option<String>,
    /// Where the holder serves.
    pub(crate) advertise: String,
    /// Its term.
    pub(crate) term: Term,
    /// For how long it has been seen unchanged.
    pub(crate) age: Option<Duration>,
}

/// One store.
#[derive(Clone, Debug)]
pub(crate) struct StoreView {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether its last question was answered.
    pub(crate) reachable: bool,
    /// The same as a sentence.
    pub(crate) sentence: String,
}

const fn store_name(store: Which) -> &'static str {
    match store {
        Which::Postgres => "postgres",
        Which::Consul => "consul",
    }
}

impl Standing {
    /// The lease by which this instance may act now, if it has one.
    pub(crate) fn lease(&self) -> Option<Lease> {
        let (term, until) = (*self.valid.borrow())?;
        (clock::mono() < until).then_some(Lease { term })
    }

    /// Returns when this instance may act in `term`: at once if it may now. A
    /// lease whose renewal came at the last moment seems to have run out until
    /// the machine has told of it; one that has run out never comes back.
    pub(crate) async fn held(&self, term: Term) {
        let may_act = |valid: &Option<(Term, Mono)>| {
            valid.is_some_and(|(held, until)| held == term && clock::mono() < until)
        };
        // Only together with this does its sender go away.
        let _ = self.valid.subscribe().wait_for(may_act).await;
    }

    /// The lease that a change needs.
    pub(crate) fn lead(&self) -> Result<Lease, NotLeading> {
        self.lease().ok_or_else(|| NotLeading {
            leader: self.view().leader_advertise,
        })
    }

    /// Returns when this instance may not act in `term`, or not any more.
    pub(crate) async fn lost(&self, term: Term) {
        let mut valid = self.valid.subscribe();
        loop {
            let held = *valid.borrow_and_update();
            let until = match held {
                Some((held, until)) if held == term && clock::mono() < until => until,
                _ => return,
            };
            // Renewed or withdrawn, or run out.
            let _ = tokio::time::timeout_at(clock::instant(until), valid.changed()).await;
        }
    }

    /// What the API shows.
    pub(crate) fn view(&self) -> StandingView {
        let status = self.status.read().unwrap_or_else(PoisonError::into_inner);
        let Some(status) = &*status else {
            return StandingView {
                leader: false,
                term: Term::default(),
                leader_advertise: None,
                leases: vec![],
                stores: vec![],
                sentence: "it has just started".to_owned(),
            };
        };
        self.describe(status)
    }

    fn describe(&self, status: &Status) -> StandingView {
        let lease = self.lease();
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let (term, leader_advertise) = match &status.role {
            RoleStatus::Follower {
                leader: Some(leader),
            } => (leader.term, Some(leader.advertise.clone())),
            _ => (lease.map(Lease::term).unwrap_or_default(), None),
        };
        StandingView {
            leader: lease.is_some(),
            term,
            leader_advertise,
            leases: Which::BOTH
                .into_iter()
                .filter_map(|store| lease_view(status, store))
                .collect(),
            stores: Which::BOTH
                .into_iter()
                .map(|store| store_view(status, store, trouble.get(store_name(store))))
                .collect(),
            sentence: status.to_string(),
        }
    }

    /// Who leads as far as this instance sees, and each change of that.
    pub(crate) fn whom(&self) -> watch::Receiver<Whom> {
        self.whom.subscribe()
    }

    /// Returns when a leader of a later term than this is seen.
    pub(crate) async fn after(&self, term: Term) {
        let later = |whom: &Whom| whom.term().is_some_and(|seen| seen > term);
        // Only together with this does its sender go away.
        let _ = self.whom.subscribe().wait_for(later).await;
    }

    fn update(&self, machine: &Leadership) {
        self.valid.send_replace(machine.valid_until());
        let status = machine.status(clock::mono());
        self.sees(Whom::from(&status.role));
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = Some(status);
    }

    /// It leads in `term` for so long.
    #[cfg(test)]
    pub(crate) fn leads(&self, term: Term, lasts: Duration) {
        self.valid.send_replace(Some((term, clock::mono() + lasts)));
    }

    /// Takes note of why a store did not answer, or that it did.
    fn hears(&self, store: Which, why: Option<&String>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match why {
            Some(why) => trouble.insert(store_name(store), why.clone()),
            None => trouble.remove(store_name(store)),
        };
        if let Some(why) = why.filter(|why| before.as_ref() != Some(why)) {
            tracing::warn!(store = store_name(store), why, "a store does not answer");
        }
    }

    /// Takes note of who leads.
    pub(crate) fn sees(&self, whom: Whom) {
        self.whom.send_if_modified(|seen| {
            let changed = *seen != whom;
            *seen = whom;
            changed
        });
    }
}

fn lease_view(status: &Status, store: Which) -> Option<LeaseView> {
    let seen = status.stores.get(store);
    let record = seen.record.clone()?;
    Some(LeaseView {
        store: store_name(store),
        holder: record.holder,
        advertise: record.advertise,
        term: record.term,
        age: seen.unchanged_for,
    })
}

fn store_view(status: &Status, store: Which, trouble: Option<&String>) -> StoreView {
    let reachable = status.stores.get(store).answers;
    let name = store_name(store);
    let sentence = match (reachable, trouble) {
        (true, _) => format!("{name} answers"),
        (false, None) => format!("{name} does not answer"),
        (false, Some(why)) => format!("{name} does not answer: {why}"),
    };
    StoreView {
        name,
        reachable,
        sentence,
    }
}

/// What a reign needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Reign {
    /// Its term.
    pub(crate) term: Term,
    /// Guards every change to Consul's catalog.
    pub(crate) guard: TermGuard,
    /// Told when a store says that a newer term exists.
    deposed: mpsc::Sender<Answer>,
    /// Ends it.
    pub(crate) end: CancellationToken,
}

impl Reign {
    /// A store refused a write of this term as stale: stop leading.
    pub(crate) fn deposed_by_postgres(&self, by: Term) {
        self.deposed(Which::Postgres, by);
    }

    /// Consul refused a write of this term as stale: stop leading.
    pub(crate) fn deposed_by_consul(&self) {
        self.deposed(Which::Consul, self.term);
    }

    fn deposed(&self, store: Which, by: Term) {
        let event = Event::Term {
            store,
            term: self.term,
            answer: TermAnswer::Refused { by },
        };
        // A full queue means the machine is about to hear of it anyway.
        let _ = self.deposed.try_send(Answer { event, guard: None });
        self.end.cancel();
    }
}

/// A store's answer, with the guard that Consul gave for a term.
#[derive(Debug)]
struct Answer {
    event: Event,
    guard: Option<TermGuard>,
}

/// Runs the machine until shutdown, and gives back what it holds.
pub(crate) async fn run(app: Shared, timing: LeaseTiming) {
    let (answers, mut inbox) = mpsc::channel(EVENTS);
    let mut hands = Hands {
        app: app.clone(),
        timing,
        key: LeaseKey::new(LEASE_KEY),
        answers,
        guard: None,
        reign: None,
    };
    let advertise = app.settings.advertise.clone();
    let mut machine = Leadership::new(app.instance.clone(), advertise, timing);
    let mut event = Event::Tick;
    let mut resigning = false;
    loop {
        let jitter = timing.max_jitter().mul_f64(rand::random::<f64>());
        let (next, commands) = machine.step(event, clock::mono(), jitter);
        machine = next;
        app.standing.update(&machine);
        for command in commands {
            hands.obey(command);
        }
        if machine.has_left() {
            return;
        }
        let wake = machine.wake_at().map(clock::instant);
        event = tokio::select! {
            answer = inbox.recv() => match answer {
                Some(answer) => hands.take_in(answer),
                None => return,
            },
            () = sleep_until(wake) => Event::Tick,
            () = app.shutdown.cancelled(), if !resigning => {
                resigning = true;
                Event::Resign
            }
        };
    }
}

async fn sleep_until(wake: Option<tokio::time::Instant>) {
    match wake {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Hands {
    app: Shared,
    timing: LeaseTiming,
    key: LeaseKey,
    answers: mpsc::Sender<Answer>,
    guard: Option<TermGuard>,
    reign: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Hands {
    fn obey(&mut self, command: Command) {
        match command {
            Command::Read { store } => self.read(store),
            Command::Cas {
                store,
                expected,
                new,
                attempt,
            } => self.cas(store, expected, new, attempt),
            Command::AdvanceTerm { store, term } => self.advance_term(store, term),
            Command::Lead { term } => self.lead(term),
            Command::StepDown { reason } => {
                tracing::warn!(%reason, "no longer the leader");
                self.end_reign();
            }
        }
    }

    fn take_in(&mut self, answer: Answer) -> Event {
        if let Some(guard) = answer.guard {
            self.guard = Some(guard);
        }
        answer.event
    }

    fn spawn<F>(&self, work: F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let answers = self.answers.clone();
        self.app.tasks.spawn(async move {
            let _ = answers.send(work.await).await;
        });
    }

    fn read(&self, store: Which) {
        let (app, key, deadline) = (self.app.clone(), self.key.clone(), self.timing.deadline());
        self.spawn(async move {
            let read = async {
                match store {
                    Which::Postgres => {
                        let read = app.store.lease_read().await;
                        read.map_err(|error| with_sources(&error))
                    }
                    Which::Consul => {
                        let read = key.read(&app.consul).await;
                        read.map_err(|error| with_sources(&error))
                    }
                }
            };
            let read = tokio::time::timeout(deadline, read).await;
            let read = read.unwrap_or_else(|_| Err(format!("not within {deadline:?}")));
            app.standing.hears(store, read.as_ref().err());
            let result = read.map_err(|_| Unreachable);
            Answer {
                event: Event::Read { store, result },
                guard: None,
            }
        });
    }

    fn cas(&self, store: Which, expected: Option<LeaseRecord>, new: LeaseRecord, attempt: u64) {
        let (app, key, deadline) = (self.app.clone(), self.key.clone(), self.timing.deadline());
        self.spawn(async move {
            let write = async {
                match store {
                    Which::Postgres => {
                        let cas = app.store.lease_compare_and_set(expected.as_ref(), &new);
                        cas.await.map_err(|error| error.to_string())
                    }
                    Which::Consul => {
                        let cas = key.compare_and_set(&app.consul, expected.as_ref(), &new);
                        cas.await.map_err(|error| error.to_string())
                    }
                }
            };
            let answer = match tokio::time::timeout(deadline, write).await {
                Ok(Ok(true)) => CasAnswer::Held,
                Ok(Ok(false)) => CasAnswer::Refused,
                Ok(Err(_)) | Err(_) => CasAnswer::Unknown,
            };
            Answer {
                event: Event::Cas {
                    store,
                    attempt,
                    answer,
                },
                guard: None,
            }
        });
    }

    fn advance_term(&self, store: Which, term: Term) {
        let (app, deadline) = (self.app.clone(), self.timing.deadline());
        self.spawn(async move {
            let advance = async {
                match store {
                    Which::Postgres => (in_postgres(&app, term).await, None),
                    Which::Consul => in_consul(&app, term).await,
                }
            };
            let (answer, guard) = tokio::time::timeout(deadline, advance)
                .await
                .unwrap_or((TermAnswer::Unknown, None));
            Answer {
                event: Event::Term {
                    store,
                    term,
                    answer,
                },
                guard,
            }
        });
    }

    fn lead(&mut self, term: Term) {
        self.end_reign();
        let Some(guard) = self.guard.clone().filter(|guard| guard.term() == term) else {
            tracing::error!(%term, "the term began without Consul's guard");
            return;
        };
        tracing::info!(%term, "leading");
        let end = self.app.shutdown.child_token();
        let reign = Reign {
            term,
            guard,
            deposed: self.answers.clone(),
            end: end.clone(),
        };
        let (app, before) = (self.app.clone(), self.reign.take());
        let reigning = self.app.tasks.spawn(async move {
            // The earlier reign clears what the two share when it ends.
            if let Some((_, before)) = before {
                let _ = before.await;
            }
            reign::run(app, reign).await;
        });
        self.reign = Some((end, reigning));
    }

    fn end_reign(&self) {
        if let Some((end, _)) = &self.reign {
            end.cancel();
        }
    }
}

async fn in_postgres(app: &Shared, term: Term) -> TermAnswer {
    match app.store.term_advance(term).await {
        Ok(()) => TermAnswer::Advanced,
        Err(StoreError::StaleTerm { current, .. }) => TermAnswer::Refused { by: current },
        Err(error) => {
            tracing::warn!(%error, "the term was not advanced in Postgres");
            TermAnswer::Unknown
        }
    }
}

async fn in_consul(app: &Shared, term: Term) -> (TermAnswer, Option<TermGuard>) {
    match app.consul.advance_term(TERM_KEY, term, &app.instance).await {
        Ok(guard) => (TermAnswer::Advanced, Some(guard)),
        Err(ConsulError::StaleTerm { .. }) => (TermAnswer::Refused { by: term }, None),
        Err(error) => {
            tracing::warn!(%error, "the term was not advanced in Consul");
            (TermAnswer::Unknown, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than anything here may take.
    const PATIENCE: Duration = Duration::from_secs(10);

    fn holding(term: u64, lasts: Duration) -> Standing {
        let standing = Standing::default();
        standing.leads(Term(term), lasts);
        standing
    }

    async fn is_lost(standing: &Standing, term: u64) -> bool {
        let lost = tokio::time::timeout(Duration::from_millis(50), standing.lost(Term(term)));
        lost.await.is_ok()
    }

    #[tokio::test]
    async fn a_lease_is_lost_when_it_runs_out_unless_it_was_renewed() {
        let standing = holding(3, Duration::from_millis(100));
        let mut lost = std::pin::pin!(standing.lost(Term(3)));
        let until = clock::mono() + PATIENCE;
        let renewed = tokio::time::timeout(Duration::from_millis(1), &mut lost).await;
        assert!(renewed.is_err());
        standing.valid.send_replace(Some((Term(3), until)));
        assert!(!is_lost(&standing, 3).await);
        standing.valid.send_replace(None);
        tokio::time::timeout(PATIENCE, lost).await.unwrap();

        let brief = holding(3, Duration::from_millis(5));
        tokio::time::timeout(PATIENCE, brief.lost(Term(3)))
            .await
            .unwrap();
        assert_eq!(brief.lease(), None);
    }

    #[tokio::test]
    async fn a_renewal_told_late_is_waited_for() {
        let standing = holding(3, Duration::ZERO);
        assert_eq!(standing.lease(), None);
        let mut held = std::pin::pin!(standing.held(Term(3)));
        let waits = tokio::time::timeout(Duration::from_millis(10), &mut held).await;
        assert!(waits.is_err());
        standing
            .valid
            .send_replace(Some((Term(3), clock::mono() + PATIENCE)));
        tokio::time::timeout(PATIENCE, held).await.unwrap();
    }

    #[tokio::test]
    async fn a_lease_of_another_term_is_none() {
        let standing = holding(3, PATIENCE);
        assert!(is_lost(&standing, 2).await);
        assert!(is_lost(&standing, 4).await);
        assert!(!is_lost(&standing, 3).await);
    }
}
