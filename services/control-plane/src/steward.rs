//! The steward of one cluster: runs its keeper. It feeds it events and the
//! time, hands its commands to the hands, and makes known what came of each
//! step: the route to the push first, then the snapshot, then the history.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lictor_domain::{
    Cluster, ClusterName, ClusterRoute, NodeName, Now, RebuildId, Recovery, RecoveryId,
    RecoveryKind, RecoveryOutcome,
};
use lictor_engine::history::{Chronicle, Past};
use lictor_engine::keeper::{Inheritance, Keeper};
use lictor_engine::message::{Act, Care, Command, Done, Event};
use lictor_engine::rebuild::{RebuildAct, RebuildDone};
use lictor_engine::timing::Timing;
use lictor_mysql::Target;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::app::Shared;
use crate::clock;
use crate::failpoint;
use crate::fleet;
use crate::hands::{Hand, Hands};
use crate::historian::Historian;
use crate::hub::Acks;
use crate::leadership::Reign;
use crate::monitor::Watch;
use crate::orders::{Answer, Order, Request, lease};
use crate::scribe::Scribe;
use crate::snapshot::Snapshot;
use crate::telemetry;
use crate::witness;

/// Events that may wait for the keeper; senders wait when it is full.
const EVENTS: usize = 1024;
/// Operators' orders that may wait.
const ORDERS: usize = 4;
/// How often each command session is made sure of.
const WARM_EVERY: Duration = Duration::from_secs(30);
const WARM_DEADLINE: Duration = Duration::from_secs(2);
/// How long the beginning of a rebuild may take to be stored.
const BEGIN_REBUILD: Duration = Duration::from_secs(10);

/// One cluster's steward.
pub(crate) struct Steward {
    keeper: Keeper,
    hands: Hands,
    watched: BTreeMap<NodeName, Watched>,
    timing: watch::Sender<Timing>,
    scribe: Scribe,
    chronicle: Chronicle,
    historian: Historian,
    inbox: mpsc::Receiver<Event>,
    events: mpsc::Sender<Event>,
    /// Operators' orders, and the way to give more.
    ordered: mpsc::Receiver<Order>,
    orders: mpsc::Sender<Order>,
    snapshot: watch::Sender<Arc<Snapshot>>,
    /// The recovery that ended last.
    ended: Option<Arc<Recovery>>,
    /// The last route handed to the push; none is before the table is opened.
    route: Option<ClusterRoute>,
    opened: watch::Receiver<bool>,
}

/// What a steward acts upon.
enum Input {
    Event(Event),
    Order(Order),
}

/// The watch over one node.
struct Watched {
    now: Arc<Notify>,
    end: CancellationToken,
}

impl Steward {
    /// A steward that has begun to watch its cluster. Routes go to the push
    /// only after `opened` says that the table is open.
    pub(crate) fn new(
        app: &Shared,
        reign: &Reign,
        (inheritance, past): (Inheritance, Past),
        historian: Historian,
        opened: watch::Receiver<bool>,
    ) -> Self {
        let (events, inbox) = mpsc::channel(EVENTS);
        let (orders, ordered) = mpsc::channel(ORDERS);
        let now = clock::now();
        let keeper = Keeper::new(inheritance, reign.term, now);
        let cluster = keeper.cluster();
        let hands = Hands {
            app: app.clone(),
            reign: reign.clone(),
            nodes: BTreeMap::new(),
            control: app.settings.mysql.control_account(&cluster.name),
            replication: app.settings.mysql.replication_account(&cluster.name),
            durability: cluster.policy.durability,
            events: events.clone(),
            tasks: app.tasks.clone(),
        };
        let stored = (cluster.epoch, cluster.primary.clone());
        let scribe = Scribe::start(app.clone(), reign.clone(), cluster.name.clone(), stored);
        let observer = app.instance.clone();
        let chronicle = Chronicle::new(cluster.name.clone(), observer, past);
        let (timing, _) = watch::channel(*keeper.timing());
        let (snapshot, _) = watch::channel(Snapshot::of(&keeper, None, now));
        let mut steward = Self {
            keeper,
            hands,
            watched: BTreeMap::new(),
            timing,
            scribe,
            chronicle,
            historian,
            inbox,
            events,
            ordered,
            orders,
            snapshot,
            ended: None,
            route: None,
            opened,
        };
        steward.watch_nodes();
        steward
    }

    /// The way to this steward.
    pub(crate) fn handle(&self) -> fleet::Steward {
        fleet::Steward {
            snapshot: self.snapshot.subscribe(),
            events: self.events.clone(),
            orders: self.orders.clone(),
        }
    }

    /// Its cluster's name.
    pub(crate) fn name(&self) -> ClusterName {
        self.keeper.cluster().name.clone()
    }

    /// Runs until the reign ends. A process that slept through its lease finds
    /// that out here, before it decides or publishes anything; one whose renewal
    /// is on its way goes on when it has come.
    pub(crate) async fn run(mut self) {
        self.serve().await;
        self.historian.note(self.chronicle.end());
    }

    async fn serve(&mut self) {
        let end = self.hands.reign.end.clone();
        loop {
            let wake = clock::instant(self.keeper.wake_at(clock::mono()));
            let input = tokio::select! {
                biased;
                () = end.cancelled() => return,
                event = self.inbox.recv() => Input::Event(event.unwrap_or(Event::Tick)),
                Some(order) = self.ordered.recv() => Input::Order(order),
                () = tokio::time::sleep_until(wake) => Input::Event(Event::Tick),
            };
            tokio::select! {
                biased;
                () = end.cancelled() => return,
                () = self.hands.app.standing.held(self.hands.reign.term) => {}
            }
            match input {
                Input::Event(event) => self.step(event),
                Input::Order(Order::Switchover(request)) => self.take(
                    request,
                    |keeper, (order, facts), now| keeper.preflight(order, facts, now.mono),
                    |keeper, (order, facts), now, id| keeper.switch_over(order, &facts, now, id),
                ),
                Input::Order(Order::Failover(request)) => self.take(
                    request,
                    |keeper, order, _| keeper.rehearse_failover(order),
                    Keeper::order_failover,
                ),
                Input::Order(Order::Renew(request)) => self.renew(request),
                Input::Order(Order::Define(cluster, shown)) => {
                    self.define(cluster);
                    // A caller that went away needs no answer.
                    let _ = shown.send(());
                }
            }
        }
    }

    fn step(&mut self, event: Event) {
        let now = clock::now();
        let fresh = RecoveryId(uuid::Uuid::now_v7());
        let commands = self.keeper.step(event, now, fresh);
        self.carry_out(commands, now);
    }

    fn renew(&mut self, request: lease::Request) {
        let now = clock::now();
        let (node, lease) = (&request.node, request.lease);
        let answer = self.keeper.renew(node, &request.renewal, lease, now);
        self.carry_out(vec![], now);
        // An agent that went away asks again.
        let _ = request.answer.send(answer);
    }

    /// Keeps the cluster by another definition. What is stored of its quarantines
    /// may be older than what the keeper decided.
    fn define(&mut self, mut cluster: Cluster) {
        for node in &mut cluster.nodes {
            if let Some(known) = self.keeper.cluster().node(&node.name) {
                node.quarantine.clone_from(&known.quarantine);
            }
        }
        let now = clock::now();
        let fresh = RecoveryId(uuid::Uuid::now_v7());
        let commands = self.keeper.step(Event::Redefined(cluster), now, fresh);
        // Before anything is done: also with a node that is new.
        self.hands.durability = self.keeper.cluster().policy.durability;
        self.timing.send_replace(*self.keeper.timing());
        self.watch_nodes();
        self.carry_out(commands, now);
    }

    /// Begins what an operator ordered, or only looks, and answers what was found.
    fn take<Wanted, Found>(
        &mut self,
        request: Request<Wanted, Found>,
        look: impl FnOnce(&Keeper, &Wanted, Now) -> Found,
        begin: impl FnOnce(&mut Keeper, Wanted, Now, RecoveryId) -> (Found, Vec<Command>),
    ) {
        let Request {
            wanted,
            rehearse,
            answer,
        } = request;
        let now = clock::now();
        let fresh = RecoveryId(uuid::Uuid::now_v7());
        let (found, commands) = if rehearse {
            (look(&self.keeper, &wanted, now), vec![])
        } else {
            begin(&mut self.keeper, wanted, now, fresh)
        };
        let running = self.keeper.recovery().map(|record| record.id);
        let recovery = running.filter(|id| *id == fresh);
        self.carry_out(commands, now);
        // A caller that went away needs no answer.
        let _ = answer.send(Answer { found, recovery });
    }

    /// Makes known what the keeper decided: the route first.
    fn carry_out(&mut self, commands: Vec<Command>, now: Now) {
        let makes_known = commands.iter().any(is_publishing);
        if makes_known {
            failpoint::before_at_once("publish");
        }
        let subscribers = self.publish();
        if makes_known {
            failpoint::after_at_once("publish");
        }
        let cluster = self.keeper.cluster();
        self.scribe.note_primacy(cluster.epoch, &cluster.primary);
        for command in commands {
            self.obey(command, subscribers);
        }
        let snapshot = Snapshot::of(&self.keeper, self.ended.clone(), now);
        let notes = self.chronicle.see(&snapshot.picture(self.keeper.timing()));
        self.historian.note(notes);
        self.snapshot
            .send_replace(snapshot.remembering(&self.chronicle));
    }

    fn obey(&mut self, command: Command, subscribers: u32) {
        match command {
            Command::Probe { node } => {
                if let Some(watched) = self.watched.get(&node) {
                    watched.now.notify_one();
                }
            }
            Command::Knock { node } => self.hands.knock(node),
            Command::AskMembers { node } => witness::ask(&self.hands, &self.name(), &node),
            Command::Recover {
                recovery,
                act: Act::Publish { .. },
            } => {
                let done = Done::Published { subscribers };
                self.tell(Event::Finished { recovery, done });
            }
            Command::Recover {
                recovery,
                act: Act::Hold { within },
            } => self.await_holds(recovery, within),
            Command::Recover { recovery, act } => self.hands.recover(recovery, act),
            Command::Look { node, older_than } => {
                let subscribers = self.hands.app.hub.concerned(&self.name());
                self.hands.look(node, older_than, subscribers);
            }
            Command::Record(record) => {
                log_recovery(&record);
                self.ended = Some(Arc::new((*record).clone()));
                self.scribe.note_recovery(record);
            }
            Command::Tend { node, care } => {
                if let Care::Quarantine(quarantine) = &care {
                    self.scribe
                        .note_quarantine(node.clone(), quarantine.clone());
                }
                if let Care::Enforce(enforcement) = &care {
                    self.scribe.note_enforcement(&node, *enforcement);
                }
                self.hands.tend(node, care);
            }
            Command::Rebuild { id, act } => self.rebuild(id, act),
        }
    }

    fn rebuild(&self, id: RebuildId, act: RebuildAct) {
        match act {
            RebuildAct::Check { node, donor } => self.hands.check_rebuild(id, node, donor),
            RebuildAct::Copy { node, donor } => self.hands.copy(id, node, donor),
            RebuildAct::Inspect { node } => self.hands.inspect(id, node),
            RebuildAct::Save(record) => self.scribe.note_rebuild(record),
            RebuildAct::Begin { record, quarantine } => {
                let written = self.scribe.note_rebuild_begins(record, quarantine);
                let events = self.events.clone();
                self.hands.tasks.spawn(async move {
                    let written = tokio::time::timeout(BEGIN_REBUILD, written).await;
                    let stored = matches!(written, Ok(Ok(())));
                    let begun = stored.then_some(()).ok_or_else(|| {
                        "Postgres did not store that it begins: nothing was replaced".to_owned()
                    });
                    let done = RebuildDone::Begun(begun);
                    // A keeper that is gone needs no answer.
                    let _ = events.send(Event::Rebuilding { id, done }).await;
                });
            }
        }
    }

    /// The route published last tells the subscribers to hold.
    fn await_holds(&self, recovery: RecoveryId, within: Duration) {
        let (hub, name) = (self.hands.app.hub.clone(), self.name());
        let revision = hub.revision().unwrap_or_default();
        let events = self.events.clone();
        self.hands.tasks.spawn(async move {
            failpoint::before("hold").await;
            let Acks { acked, of, .. } = hub.acknowledged(&name, revision, within).await;
            failpoint::after("hold").await;
            let done = Done::Held { acked, of };
            let _ = events.send(Event::Finished { recovery, done }).await;
        });
    }

    /// An event of its own, queued behind those that wait.
    fn tell(&self, event: Event) {
        let events = self.events.clone();
        self.hands.tasks.spawn(async move {
            let _ = events.send(event).await;
        });
    }

    /// Hands a changed route to the push; returns to how many it goes.
    fn publish(&mut self) -> u32 {
        let hub = &self.hands.app.hub;
        if !*self.opened.borrow() {
            return 0;
        }
        let route = self.keeper.route(clock::mono());
        if self.route.as_ref() == Some(&route) {
            return hub.subscribers();
        }
        let began = clock::mono();
        let published = hub.publish(self.hands.reign.term, route.clone());
        let took = clock::mono().since(began);
        tracing::info!(
            cluster = %route.name, epoch = %route.epoch, revision = %published.revision,
            subscribers = published.subscribers, took_us = lictor_wire::micros(took),
            "route published"
        );
        self.route = Some(route);
        published.subscribers
    }

    /// Watches every node of the cluster, at the address it has now.
    fn watch_nodes(&mut self) {
        let cluster = self.keeper.cluster().clone();
        let moved = |hand: &Hand, node: &lictor_domain::Node| hand.target.address != node.address;
        let stays = |name: &NodeName, hand: &Hand| {
            cluster.node(name).is_some_and(|node| !moved(hand, node))
        };
        self.hands.nodes.retain(|name, hand| stays(name, hand));
        let hands = &self.hands.nodes;
        self.watched.retain(|name, watched| {
            let stays = hands.contains_key(name);
            if !stays {
                watched.end.cancel();
            }
            stays
        });
        for node in &cluster.nodes {
            if !self.hands.nodes.contains_key(&node.name) {
                self.watch_node(node);
            }
        }
    }

    fn watch_node(&mut self, node: &lictor_domain::Node) {
        let target = Target {
            address: node.address.clone(),
            account: self.hands.control.clone(),
            term: self.hands.reign.term,
        };
        let watched = Watched {
            now: Arc::new(Notify::new()),
            end: self.hands.reign.end.child_token(),
        };
        let watch = Watch {
            node: node.name.clone(),
            target: target.clone(),
            events: self.events.clone(),
            timing: self.timing.subscribe(),
            now: watched.now.clone(),
            answers: watch::Sender::new(false),
            end: watched.end.clone(),
        };
        let app = &self.hands.app;
        let hand = Arc::new(Hand::new(app.clone(), target));
        app.tasks.spawn(keep_warm(
            hand.clone(),
            watch.answers.subscribe(),
            watched.end.clone(),
        ));
        app.tasks.spawn(watch.clone().probe());
        app.tasks.spawn(watch.tripwire());
        self.hands.nodes.insert(node.name.clone(), hand);
        self.watched.insert(node.name.clone(), watched);
    }
}

/// Keeps a node's command session open while the node answers, so that a
/// failover finds it so, and ends what an older leader left there.
async fn keep_warm(hand: Arc<Hand>, mut answers: watch::Receiver<bool>, end: CancellationToken) {
    let warming = async {
        while answers.wait_for(|answers| *answers).await.is_ok() {
            if let Err(error) = hand.warm(WARM_DEADLINE).await {
                tracing::debug!(node = %hand.target.address, %error, "no command session");
            }
            // Sooner when it has been away meanwhile.
            let _ = tokio::time::timeout(WARM_EVERY, answers.changed()).await;
        }
    };
    tokio::select! {
        () = warming => {}
        () = end.cancelled() => {}
    }
}

/// Whether a new primacy is to be made known.
const fn is_publishing(command: &Command) -> bool {
    let Command::Recover { act, .. } = command else {
        return false;
    };
    matches!(act, Act::Publish { .. })
}

fn log_recovery(record: &lictor_domain::Recovery) {
    let (outcome, reason) = match &record.outcome {
        RecoveryOutcome::Running => ("running", None),
        RecoveryOutcome::Done => ("done", None),
        RecoveryOutcome::Aborted { reason } => ("aborted", Some(reason.to_string())),
    };
    if record.kind == RecoveryKind::Failover {
        telemetry::failover_ended(&record.cluster, outcome);
    }
    tracing::warn!(
        cluster = %record.cluster, recovery = %record.id, epoch = %record.epoch, outcome, reason,
        old_primary = %record.old_primary, new_primary = record.new_primary.as_ref().map(NodeName::as_str),
        writable_after_ms = record.time_to_writable().map(|time| time.as_millis()),
        "{}", record.kind
    );
}
