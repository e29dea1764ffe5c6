//! What the operator wants of a cluster: how far Lictor may act by itself, how
//! soon, and what a commit must survive.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that is none of the words of an option.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what} `{found}` is unknown; use one of: {allowed}")]
pub struct UnknownWord {
    what: &'static str,
    found: String,
    allowed: String,
}

macro_rules! words {
    ($type:ident, $what:literal, $($variant:ident => $word:literal),+ $(,)?) => {
        impl $type {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in settings, the CLI and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = $crate::policy::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::policy::UnknownWord::new(
                        $what,
                        text,
                        &[$($word),+],
                    )),
                }
            }
        }
    };
}
pub(crate) use words;

impl UnknownWord {
    pub(crate) fn new(what: &'static str, found: &str, allowed: &[&str]) -> Self {
        Self {
            what,
            found: found.chars().take(60).collect(),
            allowed: allowed.join(", "),
        }
    }
}

/// How far Lictor may act on a cluster by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Never touches a node; records what it would have done, and why.
    #[default]
    Observe,
    /// Acts when an operator tells it.
    Manual,
    /// Fails over by itself.
    Auto,
}
words!(Mode, "mode", Observe => "observe", Manual => "manual", Auto => "auto");

/// How long a primary may hang before it counts as lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// One second.
    Fast,
    /// Three seconds.
    #[default]
    Balanced,
    /// Ten seconds.
    Conservative,
}
words!(
    Profile, "profile",
    Fast => "fast", Balanced => "balanced", Conservative => "conservative",
);

impl Profile {
    /// How long a primary may give no sign of life before it counts as hung.
    #[must_use]
    pub const fn hang_threshold(self) -> Duration {
        match self {
            Self::Fast => Duration::from_secs(1),
            Self::Balanced => Duration::from_secs(3),
            Self::Conservative => Duration::from_secs(10),
        }
    }
}

/// What a commit must survive before a client hears that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", from = "DurabilityDocument")]
pub enum Durability {
    /// The primary's own disk. A failover may lose the newest commits.
    Async,
    /// Also the relay logs of this many replicas (lossless semi-sync).
    SemiSync {
        /// Replicas that must have received a transaction.
        acks: NonZeroU32,
    },
}

/// As it is written: serde refuses unknown fields beside a tag only where a
/// variant has fields, if only none.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum DurabilityDocument {
    Async {},
    SemiSync { acks: NonZeroU32 },
}

impl From<DurabilityDocument> for Durability {
    fn from(read: DurabilityDocument) -> Self {
        match read {
            DurabilityDocument::Async {} => Self::Async,
            DurabilityDocument::SemiSync { acks } => Self::SemiSync { acks },
        }
    }
}

impl Durability {
    /// Lossless semi-sync with one acknowledging replica.
    pub const ONE_ACK: Self = Self::SemiSync {
        acks: NonZeroU32::MIN,
    };

    /// Replicas that must hold a transaction before its client hears of it.
    #[must_use]
    pub const fn acks(self) -> u32 {
        match self {
            Self::Async => 0,
            Self::SemiSync { acks } => acks.get(),
        }
    }
}

impl Default for Durability {
    fn default() -> Self {
        Self::ONE_ACK
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Async => f.write_str("async"),
            Self::SemiSync { acks } => write!(f, "semi-sync {acks}"),
        }
    }
}

impl FromStr for Durability {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord::new("durability", text, &["async", "semi-sync N (N ≥ 1)"]);
        match text.split_once(' ') {
            None if text == "async" => Ok(Self::Async),
            None if text == "semi-sync" => Ok(Self::ONE_ACK),
            Some(("semi-sync", acks)) => acks
                .parse()
                .map(|acks| Self::SemiSync { acks })
                .map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

/// What is done when fewer replicas can acknowledge than commits wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", from = "OnStarvedDocument")]
pub enum OnStarved {
    /// Commits wait: nothing is acknowledged that the durability does not cover.
    #[default]
    Wait,
    /// After a while commits wait for fewer, and for all again when enough are
    /// back. What is acknowledged meanwhile survives only what it waited for.
    Loosen {
        /// Never fewer than this; 0 lets commits wait for nobody.
        min_acks: u32,
        /// Starved for so long, in whole seconds.
        after_secs: u64,
    },
}

/// As it is written, for the same reason as [`DurabilityDocument`].
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum OnStarvedDocument {
    Wait {},
    Loosen { min_acks: u32, after_secs: u64 },
}

impl From<OnStarvedDocument> for OnStarved {
    fn from(read: OnStarvedDocument) -> Self {
        match read {
            OnStarvedDocument::Wait {} => Self::Wait,
            OnStarvedDocument::Loosen {
                min_acks,
                after_secs,
            } => Self::Loosen {
                min_acks,
                after_secs,
            },
        }
    }
}

impl fmt::Display for OnStarved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait => f.write_str("wait"),
            Self::Loosen {
                min_acks,
                after_secs,
            } => write!(f, "loosen to {min_acks} after {after_secs}s"),
        }
    }
}

/// Who serves reads when no replica does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoReaders {
    /// Nobody: reads fail or wait until a replica is fit.
    #[default]
    None,
    /// The primary.
    Primary,
}
words!(NoReaders, "no-readers policy", None => "none", Primary => "primary");

/// Some of the replicas, by number or by share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Share {
    /// So many.
    Count(u32),
    /// So many of a hundred; more than a hundred is all.
    Percent(u32),
}

impl Share {
    /// All of them.
    pub const ALL: Self = Self::Percent(100);

    /// How many of `all` it is; a share counts what it touches.
    #[must_use]
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => all.min(count as usize),
            Self::Percent(percent) => all.min((all * percent as usize).div_ceil(100)),
        }
    }
}

impl Default for Share {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for Share {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let (number, percent) = match text.strip_suffix('%') {
            Some(number) => (number, true),
            None => (text, false),
        };
        match (number.parse(), percent) {
            (Ok(count), false) => Ok(Self::Count(count)),
            (Ok(share @ 0..=100), true) => Ok(Self::Percent(share)),
            _ => Err(UnknownWord::new("share", text, &["N", "N% (N ≤ 100)"])),
        }
    }
}

impl TryFrom<String> for Share {
    type Error = UnknownWord;

    fn try_from(text: String) -> Result<Self, UnknownWord> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

/// How many failovers a cluster may have in a time before Lictor stops and
/// asks: it ends flapping without blocking the first of several true failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Failovers allowed within the window.
    pub failovers: u32,
    /// The window, in whole seconds.
    pub window_secs: u64,
}

impl Budget {
    /// The window as a duration.
    #[must_use]
    pub const fn window(self) -> Duration {
        Duration::from_secs(self.window_secs)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            failovers: 3,
            window_secs: 600,
        }
    }
}

/// How gladly a node is made primary.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PromotionRule {
    /// Never.
    MustNot,
    /// Only when no other can.
    PreferNot,
    /// No preference.
    #[default]
    Neutral,
    /// Before others that hold the same data.
    Prefer,
}
words!(
    PromotionRule, "promotion rule",
    MustNot => "must_not", PreferNot => "prefer_not", Neutral => "neutral", Prefer => "prefer",
);

/// A node's promotion rule, and how long it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// How gladly it is made primary.
    pub rule: PromotionRule,
    /// When the rule is the default again by itself; `None` until it is changed.
    pub until: Option<DateTime<Utc>>,
}

impl Promotion {
    /// What holds at this moment.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        if self.until.is_some_and(|until| until <= now) {
            return Self::default();
        }
        self
    }
}

impl From<PromotionRule> for Promotion {
    fn from(rule: PromotionRule) -> Self {
        Self { rule, until: None }
    }
}

/// Who starts the rebuild of a quarantined node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RebuildPolicy {
    /// An operator.
    #[default]
    Manual,
    /// Lictor by itself, one node at a time: what only that node holds is lost.
    Auto,
}
words!(RebuildPolicy, "rebuild policy", Manual => "manual", Auto => "auto");

/// What is done when a failover's winner held the most, and another replica is
/// better placed: by its promotion rule, or then by the lost primary's zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetterPlaced {
    /// Lictor switches over to it once it has caught up.
    #[default]
    Switch,
    /// The winner stays the primary.
    Stay,
}
words!(BetterPlaced, "better-placed policy", Switch => "switch", Stay => "stay");

/// How available a cluster is to be, in percent; kept in millionths, so that it
/// can be compared and reads back as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct AvailabilityPercent(u32);

/// A number that is no availability to aim at.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error(
    "{0} is no availability; it must be above 0 and at most 100 percent, with at most 4 decimals"
)]
pub struct NoAvailability(f64);

impl AvailabilityPercent {
    const PER_PERCENT: f64 = 10_000.0;

    /// In percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / Self::PER_PERCENT
    }
}

impl TryFrom<f64> for AvailabilityPercent {
    type Error = NoAvailability;

    fn try_from(percent: f64) -> Result<Self, NoAvailability> {
        let millionths = (percent * Self::PER_PERCENT).round();
        let exact = (millionths / Self::PER_PERCENT - percent).abs() < 1e-9;
        if !exact || !(1.0..=100.0 * Self::PER_PERCENT).contains(&millionths) {
            return Err(NoAvailability(percent));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to a million"
        )]
        Ok(Self(millionths as u32))
    }
}

impl From<AvailabilityPercent> for f64 {
    fn from(percent: AvailabilityPercent) -> Self {
        percent.percent()
    }
}

/// What is promised of a cluster, for reports to compare with what was reached;
/// nothing is decided by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objectives {
    /// How much of the time it takes writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_percent: Option<AvailabilityPercent>,
    /// No unplanned outage is longer than so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rto_secs: Option<u64>,
    /// A failover loses the acknowledged writes of at most so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpo_secs: Option<u64>,
}

impl Objectives {
    /// Whether nothing is promised.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A cluster's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How far Lictor may act by itself.
    pub mode: Mode,
    /// When a silent primary counts as hung.
    pub profile: Profile,
    /// What a commit must survive.
    pub durability: Durability,
    /// Failovers allowed in a time.
    pub budget: Budget,
    /// Replicas further behind than this many seconds serve no reads.
    pub max_read_lag_secs: u64,
    /// Who starts the rebuild of a quarantined node.
    pub rebuild: RebuildPolicy,
    /// What is done when too few replicas can acknowledge.
    pub on_starved: OnStarved,
    /// Who serves reads when no replica does.
    pub no_readers: NoReaders,
    /// So many replicas serve reads however far they are behind, the least
    /// lagging first, if it is known how far.
    pub keep_readers: Share,
    /// Never more replicas than this serve reads; the others stay in reserve.
    pub max_readers: Share,
    /// Whether a failover may go on where nothing proves that the old primary is
    /// closed. Counts only with asynchronous durability.
    pub accept_unfenced: bool,
    /// What is done when a replica is better placed than a failover's winner.
    pub better_placed: BetterPlaced,
    /// What is promised.
    #[serde(skip_serializing_if = "Objectives::is_empty")]
    pub objectives: Objectives,
}

impl Policy {
    /// The lag above which a replica serves no reads.
    #[must_use]
    pub const fn max_read_lag(&self) -> Duration {
        Duration::from_secs(self.max_read_lag_secs)
    }

    /// Whether a failover may go on without a proof. What the old primary goes on to
    /// acknowledge is lost then: no demand for acknowledgements allows that.
    #[must_use]
    pub const fn accepts_unfenced(&self) -> bool {
        self.accept_unfenced && self.durability.acks() == 0
    }

    /// The fewest acknowledgements that Lictor may ever let commits wait for.
    #[must_use]
    pub fn lowest_acks(&self) -> u32 {
        let acks = self.durability.acks();
        match self.on_starved {
            OnStarved::Wait => acks,
            OnStarved::Loosen { min_acks, .. } => acks.min(min_acks),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            profile: Profile::default(),
            durability: Durability::default(),
            budget: Budget::default(),
            max_read_lag_secs: 5,
            rebuild: RebuildPolicy::default(),
            on_starved: OnStarved::default(),
            no_readers: NoReaders::default(),
            keep_readers: Share::default(),
            max_readers: Share::ALL,
            accept_unfenced: false,
            better_placed: BetterPlaced::default(),
            objectives: Objectives::default(),
        }
    }
}

#[cfg(test)]
mod tests;
