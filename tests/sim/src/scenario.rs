//! What one seed is about: the cluster, how it is watched, and all that will go
//! wrong and when. It is drawn before the world begins, so that a story can be
//! told again with fewer troubles.

use std::fmt;

use lictor_domain::{Mode, OnStarved, Profile, RebuildPolicy};
use lictor_engine::leadership::Store;

use crate::agenda::{MS, Micros, SECOND};
use crate::dice::Dice;
use crate::network::Place;
use crate::transcript::Stamp;

/// How long things go wrong.
pub const STORM: Micros = 12 * SECOND;
/// Sets the chances of a world apart from those of its scenario.
const APART: u64 = 0x9E37_79B9_7F4A_7C15;

/// One seed's story before it is told.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed.
    pub seed: u64,
    /// From this follow delays, losses and all small chances.
    pub chance: u64,
    /// Replicas beside the primary.
    pub replicas: usize,
    /// A commit waits for so many of them; none if the cluster is asynchronous.
    pub acks: usize,
    /// Which replicas are below another one, and below which.
    pub below: Vec<(Place, Place)>,
    /// How it is watched.
    pub profile: Profile,
    /// What is done when too few replicas are left to acknowledge.
    pub on_starved: OnStarved,
    /// Whether Lictor rebuilds quarantined nodes by itself.
    pub rebuild: RebuildPolicy,
    /// A server that is not repaired when all else is: the others are a healthy
    /// majority without it.
    pub lost: Option<Lost>,
    /// How many `lictord` contend for the leadership with real leases; none if
    /// the world says who leads.
    pub contenders: usize,
    /// A replica that must never be primary, where there are others.
    pub must_not: Option<Place>,
    /// A server that is gladly made primary.
    pub preferred: Option<Place>,
    /// A server that stands in another zone than the others.
    pub apart: Option<Place>,
    /// Each server has an agent.
    pub guarded: bool,
    /// What goes wrong, in order of time.
    pub troubles: Vec<Trouble>,
}

/// A server that stays away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Which.
    pub victim: Victim,
    /// Its process is stopped for good, not ended.
    pub hangs: bool,
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When it begins.
    pub at: Micros,
    /// How long it lasts, where it has an end.
    pub lasts: Micros,
    /// What it is.
    pub what: What,
}

/// Kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A process dies; it is started again.
    Crash(Victim),
    /// A process hangs; it goes on.
    Hang(Victim),
    /// A server is slow in all it does.
    Slow(Victim),
    /// A host loses its power; it boots.
    PowerLoss(Victim),
    /// `lictord` does not reach a server.
    CutOff(Victim),
    /// Two servers do not reach each other.
    Apart(Victim, Place),
    /// Neither `lictord` nor another server reaches a server.
    Isolated(Victim),
    /// `lictord` reaches no server.
    Alone,
    /// The leading process ends.
    LeaderDies,
    /// Neither store answers.
    StoresOut,
    /// One store does not answer.
    StoreOut(Store),
    /// The leading process is paused, where several contend.
    LeaderPauses,
    /// The leading process does not reach a store, or neither of them.
    LeaderLoses(Option<Store>),
    /// The operator stops a replica's receiver.
    OperatorStops(Place),
    /// The operator wants another primary.
    OperatorSwitches,
    /// The operator orders a failover; by force, if the primary is gone.
    OperatorFailsOver,
    /// The operator wants a node's data replaced.
    OperatorRebuilds(Place),
    /// The operator works on a node.
    Maintenance(Place),
    /// The operator pauses the cluster.
    Pause,
    /// The operator sets how far Lictor may act.
    ModeIs(Mode),
    /// The operator sets how many acknowledgements a commit waits for.
    AcksAre(usize),
    /// A subscriber loses its connection.
    SubscriberLeaves(usize),
    /// A subscriber is slow to take what it is sent.
    SubscriberLags(usize),
}

/// Whom it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// Whoever takes writes by then.
    Primary,
    /// A certain server.
    Node(Place),
}

impl Scenario {
    /// The story of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let shapes = [
            (1, 1),
            (2, 1),
            (2, 1),
            (2, 2),
            (3, 1),
            (3, 2),
            (4, 2),
            (2, 0),
        ];
        let (replicas, acks) = dice.one(&shapes).unwrap_or((2, 1));
        let profiles = [Profile::Fast, Profile::Fast, Profile::Balanced];
        let profile = dice.one(&profiles).unwrap_or_default();
        let contenders = if dice.percent(CONTESTED) { 3 } else { 0 };
        let mut troubles = troubles(&mut dice, replicas, acks, contenders > 0);
        let isolated = guarded(seed, acks);
        troubles.extend(isolated);
        troubles.sort_by_key(|trouble| trouble.at);
        let below = below(seed, replicas, acks);
        Self {
            seed,
            chance: seed ^ APART,
            replicas,
            acks,
            profile,
            contenders,
            troubles,
            on_starved: on_starved(&mut dice, acks),
            rebuild: dice.one(RebuildPolicy::ALL).unwrap_or_default(),
            lost: lost(&mut dice, replicas, acks).filter(|_| below.is_empty()),
            below,
            must_not: must_not(seed, replicas),
            preferred: placed(seed.rotate_left(16), replicas),
            apart: placed(seed.rotate_left(48), replicas),
            guarded: isolated.is_some(),
        }
    }

    /// Whom a replica is to follow at the beginning.
    #[must_use]
    pub fn source_of(&self, replica: Place) -> Place {
        let below = self.below.iter().find(|(place, _)| *place == replica);
        below.map_or(0, |(_, source)| *source)
    }

    /// The same story with other small chances.
    #[must_use]
    pub fn by_chance(&self, chance: u64) -> Self {
        Self {
            chance,
            ..self.clone()
        }
    }
}

/// Drawn apart, so that everything else of a seed is as it would be without.
fn must_not(seed: u64, replicas: usize) -> Option<Place> {
    let mut dice = Dice::new(seed.rotate_left(32) ^ APART);
    let ruled = replicas > 1 && dice.percent(RULED);
    ruled.then(|| dice.number(1..=replicas))
}

/// Drawn apart as well.
fn placed(seed: u64, replicas: usize) -> Option<Place> {
    let mut dice = Dice::new(seed ^ APART);
    let placed = replicas > 1 && dice.percent(PLACED);
    placed.then(|| dice.number(0..=replicas))
}

/// In some seeds every server has an agent; then the primary is isolated for long
/// enough that nothing but its agent can end it. Drawn apart, so that everything
/// else of a seed is as it would be without.
fn guarded(seed: u64, acks: usize) -> Option<Trouble> {
    let mut dice = Dice::new(seed.rotate_left(24) ^ APART);
    let isolated = Trouble {
        at: dice.time(SECOND..=4 * SECOND),
        lasts: dice.time(6 * SECOND..=9 * SECOND),
        what: What::Isolated(Victim::Primary),
    };
    let guarded = if acks == 0 { GUARDED_ASYNC } else { GUARDED };
    dice.percent(guarded).then_some(isolated)
}

/// Some replicas are below others, in some seeds, where enough are left to
/// acknowledge. Drawn apart, so that everything else of a seed is as it would be
/// without.
fn below(seed: u64, replicas: usize, acks: usize) -> Vec<(Place, Place)> {
    let mut dice = Dice::new(seed.wrapping_mul(APART));
    let spare = replicas.saturating_sub(acks.max(1));
    if spare == 0 || !dice.percent(TREES) {
        return vec![];
    }
    let lowest = (0..dice.number(1..=spare)).map(|nth| replicas - nth);
    lowest
        .map(|place| (place, dice.number(1..=place - 1)))
        .collect()
}

fn on_starved(dice: &mut Dice, acks: usize) -> OnStarved {
    let loosen = OnStarved::Loosen {
        min_acks: u32::try_from(dice.number(0..=acks.saturating_sub(1))).unwrap_or(0),
        after_secs: 1,
    };
    let loosens = acks > 0 && dice.percent(LOOSENING);
    if loosens { loosen } else { OnStarved::Wait }
}

/// Whoever is lost, the others can still acknowledge to one of them; where nobody
/// has to be moved in a tree.
fn lost(dice: &mut Dice, replicas: usize, acks: usize) -> Option<Lost> {
    let node = Victim::Node(dice.number(0..=replicas));
    let lost = Lost {
        victim: dice.one(&[Victim::Primary, node]).unwrap_or(node),
        hangs: dice.percent(50),
    };
    let spared = acks > 0 && replicas > acks;
    (dice.percent(LOSING) && spared).then_some(lost)
}

/// A storm: often more than one thing at once, or one just after another.
fn troubles(dice: &mut Dice, replicas: usize, acks: usize, contested: bool) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut at = dice.time(SECOND..=3 * SECOND);
    while at < STORM {
        let things = if dice.percent(30) { 2 } else { 1 };
        for _ in 0..things {
            let one = if contested && dice.percent(35) {
                leadership_trouble(dice, at)
            } else if dice.percent(ORDERED) {
                order(dice, at, replicas, acks)
            } else {
                trouble(dice, at, replicas)
            };
            troubles.push(one);
        }
        at += if dice.percent(25) {
            dice.time(0..=150 * MS)
        } else {
            dice.time(200 * MS..=4 * SECOND)
        };
    }
    troubles
}

fn leadership_trouble(dice: &mut Dice, at: Micros) -> Trouble {
    let store = dice.one(&Store::BOTH);
    let what = match dice.number(0..=9) {
        0..=4 => What::LeaderPauses,
        5 => What::LeaderDies,
        6..=7 => What::LeaderLoses(store.filter(|_| dice.percent(40))),
        _ => What::StoreOut(store.unwrap_or(Store::Postgres)),
    };
    let lasts = dice.time(200 * MS..=5 * SECOND);
    Trouble { at, lasts, what }
}

/// What an operator does, for reasons of his own.
fn order(dice: &mut Dice, at: Micros, replicas: usize, acks: usize) -> Trouble {
    let node = dice.number(0..=replicas);
    let least = usize::from(acks > 0);
    let most = replicas.min(2) * least;
    let what = match dice.number(0..=99) {
        0..=19 => What::OperatorSwitches,
        20..=44 => What::OperatorFailsOver,
        45..=59 => What::OperatorRebuilds(node),
        60..=71 => What::Maintenance(node),
        72..=79 => What::Pause,
        80..=87 => What::ModeIs(dice.one(&[Mode::Manual, Mode::Observe]).unwrap_or_default()),
        88..=92 => What::AcksAre(dice.number(least..=most)),
        _ => What::OperatorStops(node),
    };
    let lasts = dice.time(SECOND..=6 * SECOND);
    Trouble { at, lasts, what }
}

fn trouble(dice: &mut Dice, at: Micros, replicas: usize) -> Trouble {
    let node = dice.number(0..=replicas);
    let other = dice.number(0..=replicas);
    let subscriber = dice.number(0..=SUBSCRIBERS - 1);
    // The primary more often than another.
    let victim = if dice.percent(60) {
        Victim::Primary
    } else {
        Victim::Node(node)
    };
    let lasts = if dice.percent(50) {
        dice.time(SECOND..=7 * SECOND)
    } else {
        dice.time(50 * MS..=SECOND)
    };
    let what = match dice.number(0..=99) {
        0..=26 => What::Crash(victim),
        27..=42 => What::Hang(victim),
        43..=48 => What::Slow(victim),
        49..=53 => What::PowerLoss(victim),
        54..=66 => What::CutOff(victim),
        67..=75 => What::Apart(victim, other),
        76..=78 => What::Alone,
        79..=83 => What::LeaderDies,
        84..=88 => What::StoresOut,
        89..=91 => What::OperatorSwitches,
        92..=95 => What::OperatorStops(other),
        96..=97 => What::SubscriberLeaves(subscriber),
        _ => What::SubscriberLags(subscriber),
    };
    Trouble { at, lasts, what }
}

/// Of so many seeds in a hundred replicas follow replicas, where that can be.
const TREES: u32 = 30;
/// Of so many seeds in a hundred the leadership is contested.
const CONTESTED: u32 = 30;
/// In so many the durability is loosened when it starves.
const LOOSENING: u32 = 30;
/// In so many a server is lost for good.
const LOSING: u32 = 20;
/// So many troubles in a hundred are an operator's orders.
const ORDERED: u32 = 20;
/// Of so many seeds in a hundred with several replicas one must not be primary.
const RULED: u32 = 30;
/// Of so many one is preferred, and of so many one stands apart.
const PLACED: u32 = 30;
/// Of so many seeds in a hundred each server has an agent,
const GUARDED: u32 = 10;
/// and of so many of those in which commits wait for nobody.
const GUARDED_ASYNC: u32 = 60;
/// How many subscribers there are.
pub const SUBSCRIBERS: usize = 3;

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Stamp(self.at), self.what)?;
        match self.what {
            What::LeaderDies
            | What::OperatorStops(_)
            | What::OperatorSwitches
            | What::OperatorFailsOver
            | What::OperatorRebuilds(_) => Ok(()),
            _ => write!(f, " for {} ms", self.lasts / MS),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(victim) => write!(f, "{victim} crashes, down"),
            Self::Hang(victim) => write!(f, "{victim} hangs"),
            Self::Slow(victim) => write!(f, "{victim} is slow"),
            Self::PowerLoss(victim) => write!(f, "{victim} loses its power, off"),
            Self::CutOff(victim) => write!(f, "{victim} is cut off from lictord"),
            Self::Apart(victim, other) => {
                write!(f, "{victim} is cut off from node {}", other + 1)
            }
            Self::Isolated(victim) => write!(f, "{victim} is cut off from everybody"),
            Self::Alone => f.write_str("lictord is cut off from every node"),
            Self::LeaderDies => f.write_str("the leading lictord dies"),
            Self::StoresOut => f.write_str("both stores are away"),
            Self::StoreOut(store) => write!(f, "{store} is away"),
            Self::LeaderPauses => f.write_str("the leading lictord is paused"),
            Self::LeaderLoses(None) => f.write_str("the leading lictord loses both stores"),
            Self::LeaderLoses(Some(store)) => write!(f, "the leading lictord loses {store}"),
            Self::OperatorStops(place) => {
                write!(f, "the operator stops the receiver of node {}", place + 1)
            }
            Self::OperatorSwitches => f.write_str("the operator wants another primary"),
            Self::OperatorFailsOver => f.write_str("the operator orders a failover"),
            Self::OperatorRebuilds(place) => {
                write!(f, "the operator wants node {} rebuilt", place + 1)
            }
            Self::Maintenance(place) => write!(f, "the operator works on node {}", place + 1),
            Self::Pause => f.write_str("the operator pauses the cluster"),
            Self::ModeIs(mode) => write!(f, "the operator sets the mode to {mode}"),
            Self::AcksAre(acks) => write!(f, "the operator lets commits wait for {acks}"),
            Self::SubscriberLeaves(who) => write!(f, "subscriber {who} is cut off"),
            Self::SubscriberLags(who) => write!(f, "subscriber {who} is slow"),
        }
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary => f.write_str("the primary"),
            Self::Node(place) => write!(f, "node {}", place + 1),
        }
    }
}
