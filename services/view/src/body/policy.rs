//! Changes of what an operator wants of a cluster.

use lictor_wire::domain::{Durability, OnStarved, Share};
use lictor_wire::v1;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

use crate::policy::{self, BetterPlaced, Mode, NoReaders, Profile, RebuildPolicy};

/// Makes a body with the fields of a policy, each of which may be left out, and
/// some more.
macro_rules! policy_change {
    ($(#[$meta:meta])* pub struct $name:ident { $($more:tt)* }) => {
        bodies! {
            $(#[$meta])*
            pub struct $name {
                /// How far Lictor may act by itself.
                pub mode: Option<Mode>,
                /// When a silent primary counts as hung.
                pub profile: Option<Profile>,
                /// What a commit must survive: `async`, or `semi-sync:N` for N
                /// acknowledging replicas, at least 1.
                #[serde(default, deserialize_with = "durability")]
                #[schema(
                    value_type = Option<String>,
                    pattern = "^(async|semi-sync(:[1-9][0-9]{0,8})?)$"
                )]
                pub durability: Option<Durability>,
                /// Failovers allowed in a time.
                pub budget: Option<BudgetChange>,
                /// Replicas further behind than this many seconds serve no reads.
                #[schema(minimum = 0, maximum = 4_294_967_295_u64)]
                pub max_read_lag_secs: Option<u32>,
                /// Who starts the rebuild of a quarantined node.
                pub rebuild: Option<RebuildPolicy>,
                /// What is done when too few replicas can acknowledge: `wait`, or
                /// `loosen:N/TIME` to let commits wait for only N or more after that
                /// time, such as `loosen:0/5s`; whole seconds, at least one.
                #[serde(default, deserialize_with = "on_starved")]
                #[schema(
                    value_type = Option<String>,
                    max_length = 64,
                    pattern = "^(wait|loosen:[0-9]{1,9}/[1-9][0-9]{0,5}(s|m|h|d|days?|months?|years?)([0-9]{1,6}(s|m|h|d|days?|months?|years?))*)$"
                )]
                pub on_starved: Option<OnStarved>,
                /// Who serves reads when no replica does.
                pub no_readers: Option<NoReaders>,
                /// So many replicas serve reads however far they are behind: `N` or
                /// `N%`, at most 100%.
                #[serde(default, deserialize_with = "share")]
                #[schema(
                    value_type = Option<String>,
                    pattern = "^([0-9]{1,9}|([0-9]{1,2}|100)%)$"
                )]
                pub keep_readers: Option<Share>,
                /// Never more replicas than this serve reads: `N` or `N%`, at most
                /// 100%.
                #[serde(default, deserialize_with = "share")]
                #[schema(
                    value_type = Option<String>,
                    pattern = "^([0-9]{1,9}|([0-9]{1,2}|100)%)$"
                )]
                pub max_readers: Option<Share>,
                /// Whether a failover may go on where nothing proves that the old
                /// primary is closed; refused unless the durability is, or becomes,
                /// `async`.
                pub accept_unfenced: Option<bool>,
                /// What is done when another replica is better placed than the
                /// winner.
                pub better_placed: Option<BetterPlaced>,
                /// What is promised.
                pub objectives: Option<ObjectivesChange>,
                $($more)*
            }
        }

        impl $name {
            fn change(self) -> v1::PolicyChange {
                v1::PolicyChange {
                    mode: number::<_, v1::Mode>(self.mode),
                    profile: number::<_, v1::Profile>(self.profile),
                    durability: self.durability.map(Into::into),
                    budget: self.budget.map(Into::into),
                    max_read_lag_secs: self.max_read_lag_secs.map(Into::into),
                    rebuild: number::<_, v1::RebuildPolicy>(self.rebuild),
                    on_starved: self.on_starved.map(Into::into),
                    no_readers: number::<_, v1::NoReaders>(self.no_readers),
                    keep_readers: self.keep_readers.map(Into::into),
                    max_readers: self.max_readers.map(Into::into),
                    accept_unfenced: self.accept_unfenced,
                    better_placed: number::<_, v1::BetterPlaced>(self.better_placed),
                    objectives: self.objectives.map(Into::into),
                }
            }
        }
    };
}

policy_change! {
    /// A change of a policy: what is not said stays as it is.
    #[derive(Default)]
    pub struct PolicyChange {}
}

policy_change! {
    /// A change of a cluster's policy, and why: what is not said stays as it is.
    pub struct PolicyPatch {
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }
}

bodies! {
    /// How many failovers a cluster may have in a time before Lictor stops and asks.
    pub struct BudgetChange {
        /// Failovers allowed within the window; 0 allows none.
        #[schema(minimum = 0, maximum = 4_294_967_295_u64)]
        pub failovers: u32,
        /// The window, in seconds.
        #[schema(minimum = 0, maximum = 4_294_967_295_u64)]
        pub window_secs: u32,
    }

    /// A change of what is promised: what is not said stays as it is, and what is
    /// null is promised no more.
    pub struct ObjectivesChange {
        /// How much of the time it takes writes, in percent: above 0, with at most 4
        /// decimals.
        #[serde(default)]
        #[schema(
            value_type = Option<f64>,
            minimum = 0.0001,
            maximum = 100,
            multiple_of = 0.0001
        )]
        pub availability_percent: Promise<f64>,
        /// No unplanned outage is longer than so many seconds.
        #[serde(default)]
        #[schema(value_type = Option<u32>, minimum = 0, maximum = 4_294_967_295_u64)]
        pub rto_secs: Promise<u32>,
        /// A failover loses the acknowledged writes of at most so many seconds.
        #[serde(default)]
        #[schema(value_type = Option<u32>, minimum = 0, maximum = 4_294_967_295_u64)]
        pub rpo_secs: Promise<u32>,
    }
}

/// What becomes of something that is promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Promise<T> {
    /// It stays as it is.
    #[default]
    Stays,
    /// It is promised no more.
    Withdrawn,
    /// This is promised.
    Made(T),
}

impl<T> Promise<T> {
    fn made(self) -> Option<T> {
        match self {
            Self::Stays | Self::Withdrawn => None,
            Self::Made(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Promise<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = Option::deserialize(from)?;
        Ok(read.map_or(Self::Withdrawn, Self::Made))
    }
}

impl PolicyChange {
    /// As the service is asked.
    #[must_use]
    pub fn message(self) -> v1::PolicyChange {
        self.change()
    }
}

impl PolicyPatch {
    /// As the service is asked, of that cluster.
    #[must_use]
    pub fn message(self, cluster: String) -> v1::UpdatePolicyRequest {
        v1::UpdatePolicyRequest {
            name: cluster,
            reason: self.reason.clone(),
            change: Some(self.change()),
        }
    }
}

impl From<BudgetChange> for v1::Budget {
    fn from(budget: BudgetChange) -> Self {
        Self {
            failovers: budget.failovers,
            window_secs: budget.window_secs.into(),
        }
    }
}

impl From<ObjectivesChange> for v1::ObjectivesChange {
    fn from(change: ObjectivesChange) -> Self {
        use v1::Objective::{Availability, Rpo, Rto};
        let withdrawn = [
            (
                change.availability_percent == Promise::Withdrawn,
                Availability,
            ),
            (change.rto_secs == Promise::Withdrawn, Rto),
            (change.rpo_secs == Promise::Withdrawn, Rpo),
        ];
        let withdrawn = withdrawn.into_iter().filter(|(withdrawn, _)| *withdrawn);
        Self {
            availability_percent: change.availability_percent.made(),
            rto_secs: change.rto_secs.made().map(Into::into),
            rpo_secs: change.rpo_secs.made().map(Into::into),
            withdrawn: withdrawn.map(|(_, objective)| objective.into()).collect(),
        }
    }
}

/// The wire's number for a word; nothing said is nothing said there.
fn number<W, E: From<W> + Default + Into<i32>>(word: Option<W>) -> i32 {
    word.map(E::from).unwrap_or_default().into()
}

fn durability<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Durability>, D::Error> {
    text(
        from,
        policy::read_durability,
        "`async` or `semi-sync:N`, N at least 1",
    )
}

fn on_starved<'de, D: Deserializer<'de>>(from: D) -> Result<Option<OnStarved>, D::Error> {
    let how = "`wait` or `loosen:N/TIME` such as `loosen:0/5s`, in whole seconds";
    text(from, policy::read_on_starved, how)
}

fn share<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Share>, D::Error> {
    text(from, |text| text.parse().ok(), "`N` or `N%`, at most 100%")
}

fn text<'de, D: Deserializer<'de>, T>(
    from: D,
    read: fn(&str) -> Option<T>,
    how: &str,
) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let read = text.map(|text| {
        let wrong = || D::Error::invalid_value(Unexpected::Str(&text), &how);
        read(&text).ok_or_else(wrong)
    });
    read.transpose()
}
