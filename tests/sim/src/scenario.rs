//! What one seed is about: the cluster, how it is watched, and all that will go
//! wrong and when. It is drawn before the world begins, so that a story can be
//! told again with fewer troubles.

use std::fmt;

use lictor_domain::Profile;
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
    /// How many `lictord` contend for the leadership with real leases; none if
    /// the world says who leads.
    pub contenders: usize,
    /// What goes wrong, in order of time.
    pub troubles: Vec<Trouble>,
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
        Self {
            seed,
            chance: seed ^ APART,
            replicas,
            acks,
            below: below(seed, replicas, acks),
            profile,
            contenders,
            troubles: troubles(&mut dice, replicas, contenders > 0),
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

/// A storm: often more than one thing at once, or one just after another.
fn troubles(dice: &mut Dice, replicas: usize, contested: bool) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut at = dice.time(SECOND..=3 * SECOND);
    while at < STORM {
        let things = if dice.percent(30) { 2 } else { 1 };
        for _ in 0..things {
            let one = if contested && dice.percent(35) {
                leadership_trouble(dice, at)
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
        84..=87 => What::StoresOut,
        88..=91 => What::OperatorSwitches,
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
/// How many subscribers there are.
pub const SUBSCRIBERS: usize = 3;

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Stamp(self.at), self.what)?;
        match self.what {
            What::LeaderDies | What::OperatorStops(_) | What::OperatorSwitches => Ok(()),
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
