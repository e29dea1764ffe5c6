//! Policies, and changes of them.

use std::num::NonZeroU32;

use lictor_domain as domain;

use crate::error::{WireError, convert, required};
use crate::v1;

/// Conversions of an option of words: each value has its counterpart, and the
/// wire's `UNSPECIFIED` has none.
macro_rules! words {
    ($type:ident, $field:literal, $($variant:ident),+) => {
        impl From<domain::$type> for v1::$type {
            fn from(value: domain::$type) -> Self {
                match value { $(domain::$type::$variant => Self::$variant),+ }
            }
        }

        impl TryFrom<v1::$type> for domain::$type {
            type Error = WireError;

            fn try_from(value: v1::$type) -> Result<Self, WireError> {
                match value {
                    v1::$type::Unspecified => Err(WireError::missing($field)),
                    $(v1::$type::$variant => Ok(Self::$variant)),+
                }
            }
        }
    };
}
pub(crate) use words;

words!(Mode, "mode", Observe, Manual, Auto);
words!(RebuildPolicy, "rebuild", Manual, Auto);
words!(NoReaders, "no_readers", None, Primary);
words!(BetterPlaced, "better_placed", Switch, Stay);
words!(Profile, "profile", Fast, Balanced, Conservative);
words!(
    PromotionRule,
    "promotion",
    MustNot,
    PreferNot,
    Neutral,
    Prefer
);

/// The enum value behind a number; `field` is named when there is none.
pub(crate) fn known<E: TryFrom<i32, Error = prost::UnknownEnumValue>>(
    number: i32,
    field: &str,
) -> Result<E, WireError> {
    E::try_from(number).map_err(|error| WireError::invalid(field, error))
}

impl From<domain::Durability> for v1::Durability {
    fn from(durability: domain::Durability) -> Self {
        use v1::durability::{AsyncReplication, Kind, SemiSync};
        let kind = match durability {
            domain::Durability::Async => Kind::AsyncReplication(AsyncReplication {}),
            domain::Durability::SemiSync { acks } => Kind::SemiSync(SemiSync { acks: acks.get() }),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<v1::Durability> for domain::Durability {
    type Error = WireError;

    fn try_from(durability: v1::Durability) -> Result<Self, WireError> {
        use v1::durability::Kind;
        match required(durability.kind, "kind")? {
            Kind::AsyncReplication(_) => Ok(Self::Async),
            Kind::SemiSync(semi_sync) => NonZeroU32::new(semi_sync.acks)
                .map(|acks| Self::SemiSync { acks })
                .ok_or_else(|| WireError::invalid("semi_sync.acks", "0, and at least 1 is needed")),
        }
    }
}

impl From<domain::OnStarved> for v1::OnStarved {
    fn from(on_starved: domain::OnStarved) -> Self {
        use v1::on_starved::{Kind, Loosen, Wait};
        let kind = match on_starved {
            domain::OnStarved::Wait => Kind::Wait(Wait {}),
            domain::OnStarved::Loosen {
                min_acks,
                after_secs,
            } => Kind::Loosen(Loosen {
                min_acks,
                after_secs,
            }),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<v1::OnStarved> for domain::OnStarved {
    type Error = WireError;

    fn try_from(on_starved: v1::OnStarved) -> Result<Self, WireError> {
        use v1::on_starved::Kind;
        Ok(match required(on_starved.kind, "kind")? {
            Kind::Wait(_) => Self::Wait,
            Kind::Loosen(loosen) => Self::Loosen {
                min_acks: loosen.min_acks,
                after_secs: loosen.after_secs,
            },
        })
    }
}

impl From<domain::Share> for v1::Share {
    fn from(share: domain::Share) -> Self {
        use v1::share::Kind;
        let kind = match share {
            domain::Share::Count(count) => Kind::Count(count),
            domain::Share::Percent(percent) => Kind::Percent(percent),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<v1::Share> for domain::Share {
    type Error = WireError;

    fn try_from(share: v1::Share) -> Result<Self, WireError> {
        use v1::share::Kind;
        match required(share.kind, "kind")? {
            Kind::Count(count) => Ok(Self::Count(count)),
            Kind::Percent(percent @ 0..=100) => Ok(Self::Percent(percent)),
            Kind::Percent(_) => Err(WireError::invalid("percent", "it is above 100")),
        }
    }
}

impl From<domain::Budget> for v1::Budget {
    fn from(budget: domain::Budget) -> Self {
        Self {
            failovers: budget.failovers,
            window_secs: budget.window_secs,
        }
    }
}

impl From<v1::Budget> for domain::Budget {
    fn from(budget: v1::Budget) -> Self {
        Self {
            failovers: budget.failovers,
            window_secs: budget.window_secs,
        }
    }
}

impl From<&domain::Policy> for v1::Policy {
    fn from(policy: &domain::Policy) -> Self {
        Self {
            mode: v1::Mode::from(policy.mode).into(),
            profile: v1::Profile::from(policy.profile).into(),
            durability: Some(policy.durability.into()),
            budget: Some(policy.budget.into()),
            max_read_lag_secs: policy.max_read_lag_secs,
            rebuild: v1::RebuildPolicy::from(policy.rebuild).into(),
            on_starved: Some(policy.on_starved.into()),
            no_readers: v1::NoReaders::from(policy.no_readers).into(),
            keep_readers: Some(policy.keep_readers.into()),
            max_readers: Some(policy.max_readers.into()),
            accept_unfenced: policy.accept_unfenced,
            better_placed: v1::BetterPlaced::from(policy.better_placed).into(),
            objectives: Some(policy.objectives.into()),
        }
    }
}

impl From<domain::Objectives> for v1::Objectives {
    fn from(objectives: domain::Objectives) -> Self {
        Self {
            availability_percent: objectives.availability_percent.map(Into::into),
            rto_secs: objectives.rto_secs,
            rpo_secs: objectives.rpo_secs,
        }
    }
}

impl TryFrom<v1::Objectives> for domain::Objectives {
    type Error = WireError;

    fn try_from(objectives: v1::Objectives) -> Result<Self, WireError> {
        Ok(Self {
            availability_percent: availability(objectives.availability_percent)?,
            rto_secs: objectives.rto_secs,
            rpo_secs: objectives.rpo_secs,
        })
    }
}

fn availability(percent: Option<f64>) -> Result<Option<domain::AvailabilityPercent>, WireError> {
    let read = percent.map(domain::AvailabilityPercent::try_from);
    read.transpose()
        .map_err(|error| WireError::invalid("availability_percent", error))
}

impl v1::ObjectivesChange {
    fn applied_to(self, objectives: domain::Objectives) -> Result<domain::Objectives, WireError> {
        let mut kept = objectives;
        for number in self.withdrawn {
            match known::<v1::Objective>(number, "withdrawn")? {
                v1::Objective::Unspecified => return Err(WireError::missing("withdrawn")),
                v1::Objective::Availability => kept.availability_percent = None,
                v1::Objective::Rto => kept.rto_secs = None,
                v1::Objective::Rpo => kept.rpo_secs = None,
            }
        }
        let percent = availability(self.availability_percent)?;
        Ok(domain::Objectives {
            availability_percent: percent.or(kept.availability_percent),
            rto_secs: self.rto_secs.or(kept.rto_secs),
            rpo_secs: self.rpo_secs.or(kept.rpo_secs),
        })
    }
}

impl TryFrom<v1::Policy> for domain::Policy {
    type Error = WireError;

    fn try_from(policy: v1::Policy) -> Result<Self, WireError> {
        Ok(Self {
            mode: known::<v1::Mode>(policy.mode, "mode")?.try_into()?,
            profile: known::<v1::Profile>(policy.profile, "profile")?.try_into()?,
            durability: convert(policy.durability, "durability")?,
            budget: required(policy.budget, "budget")?.into(),
            max_read_lag_secs: policy.max_read_lag_secs,
            rebuild: known::<v1::RebuildPolicy>(policy.rebuild, "rebuild")?.try_into()?,
            on_starved: convert(policy.on_starved, "on_starved")?,
            no_readers: known::<v1::NoReaders>(policy.no_readers, "no_readers")?.try_into()?,
            keep_readers: convert(policy.keep_readers, "keep_readers")?,
            max_readers: convert(policy.max_readers, "max_readers")?,
            accept_unfenced: policy.accept_unfenced,
            better_placed: known::<v1::BetterPlaced>(policy.better_placed, "better_placed")?
                .try_into()?,
            objectives: policy
                .objectives
                .unwrap_or_default()
                .try_into()
                .map_err(|error: WireError| error.within("objectives"))?,
        })
    }
}

/// Where acknowledged commits survive, no old primary may go on acknowledging.
const CONTRADICTION: &str = "a failover without a proof is accepted only with durability async";

impl v1::PolicyChange {
    /// `policy` with this change; what is not set stays as it is.
    pub fn applied_to(self, policy: &domain::Policy) -> Result<domain::Policy, WireError> {
        let mode: v1::Mode = known(self.mode, "mode")?;
        let profile: v1::Profile = known(self.profile, "profile")?;
        let rebuild: v1::RebuildPolicy = known(self.rebuild, "rebuild")?;
        let no_readers: v1::NoReaders = known(self.no_readers, "no_readers")?;
        let better_placed: v1::BetterPlaced = known(self.better_placed, "better_placed")?;
        let durability = self
            .durability
            .map(|durability| convert(Some(durability), "durability"))
            .transpose()?;
        let on_starved = self
            .on_starved
            .map(|on_starved| convert(Some(on_starved), "on_starved"))
            .transpose()?;
        let keep_readers = share(self.keep_readers, "keep_readers")?;
        let max_readers = share(self.max_readers, "max_readers")?;
        let objectives = self
            .objectives
            .unwrap_or_default()
            .applied_to(policy.objectives)
            .map_err(|error| error.within("objectives"))?;
        let changed = domain::Policy {
            mode: mode.try_into().unwrap_or(policy.mode),
            profile: profile.try_into().unwrap_or(policy.profile),
            durability: durability.unwrap_or(policy.durability),
            budget: self.budget.map_or(policy.budget, Into::into),
            max_read_lag_secs: self.max_read_lag_secs.unwrap_or(policy.max_read_lag_secs),
            rebuild: rebuild.try_into().unwrap_or(policy.rebuild),
            on_starved: on_starved.unwrap_or(policy.on_starved),
            no_readers: no_readers.try_into().unwrap_or(policy.no_readers),
            keep_readers: keep_readers.unwrap_or(policy.keep_readers),
            max_readers: max_readers.unwrap_or(policy.max_readers),
            accept_unfenced: self.accept_unfenced.unwrap_or(policy.accept_unfenced),
            better_placed: better_placed.try_into().unwrap_or(policy.better_placed),
            objectives,
        };
        if changed.accept_unfenced && changed.durability.acks() > 0 {
            let field = if self.accept_unfenced.is_some() {
                "accept_unfenced"
            } else {
                "durability"
            };
            return Err(WireError::invalid(field, CONTRADICTION));
        }
        Ok(changed)
    }
}

fn share(
    share: Option<v1::Share>,
    field: &'static str,
) -> Result<Option<domain::Share>, WireError> {
    share.map(|share| convert(Some(share), field)).transpose()
}

#[cfg(test)]
mod tests {
    use domain::{Budget, Durability, Mode, Policy, Profile};

    use super::*;

    fn unusual() -> Policy {
        Policy {
            mode: Mode::Auto,
            profile: Profile::Conservative,
            durability: Durability::Async,
            budget: Budget {
                failovers: 7,
                window_secs: 60,
            },
            max_read_lag_secs: 9,
            rebuild: domain::RebuildPolicy::Auto,
            on_starved: domain::OnStarved::Loosen {
                min_acks: 0,
                after_secs: 3,
            },
            no_readers: domain::NoReaders::Primary,
            keep_readers: domain::Share::Percent(50),
            max_readers: domain::Share::Count(2),
            accept_unfenced: true,
            better_placed: domain::BetterPlaced::Stay,
            objectives: domain::Objectives {
                availability_percent: Some(99.95.try_into().unwrap()),
                rto_secs: Some(30),
                rpo_secs: Some(0),
            },
        }
    }

    #[test]
    fn a_policy_reads_back_as_sent() {
        for policy in [unusual(), Policy::default()] {
            let sent = v1::Policy::from(&policy);
            assert_eq!(Policy::try_from(sent).unwrap(), policy);
        }
    }

    #[test]
    fn an_empty_change_keeps_everything() {
        let kept = v1::PolicyChange::default().applied_to(&unusual()).unwrap();
        assert_eq!(kept, unusual());
    }

    #[test]
    fn a_change_changes_what_it_sets() {
        let all = v1::Policy::from(&unusual());
        let change = v1::PolicyChange {
            mode: all.mode,
            profile: all.profile,
            durability: all.durability,
            budget: all.budget,
            max_read_lag_secs: Some(all.max_read_lag_secs),
            rebuild: all.rebuild,
            on_starved: all.on_starved,
            no_readers: all.no_readers,
            keep_readers: all.keep_readers,
            max_readers: all.max_readers,
            accept_unfenced: Some(all.accept_unfenced),
            better_placed: all.better_placed,
            objectives: all.objectives.map(|all| v1::ObjectivesChange {
                availability_percent: all.availability_percent,
                rto_secs: all.rto_secs,
                rpo_secs: all.rpo_secs,
                withdrawn: vec![],
            }),
        };
        let changed = change.applied_to(&Policy::default()).unwrap();
        assert_eq!(changed, unusual());
    }

    #[test]
    fn only_where_commits_wait_for_nobody_may_a_failover_go_without_a_proof() {
        let accept = |durability: Option<Durability>| v1::PolicyChange {
            accept_unfenced: Some(true),
            durability: durability.map(Into::into),
            ..v1::PolicyChange::default()
        };
        let error = accept(None).applied_to(&Policy::default()).unwrap_err();
        assert_eq!(error.field(), "accept_unfenced");
        let both = accept(Some(Durability::Async)).applied_to(&Policy::default());
        let accepting = both.unwrap();
        assert!(accepting.accepts_unfenced());

        let stricter = |accept_unfenced| v1::PolicyChange {
            accept_unfenced,
            durability: Some(Durability::ONE_ACK.into()),
            ..v1::PolicyChange::default()
        };
        let error = stricter(None).applied_to(&accepting).unwrap_err();
        assert_eq!(error.field(), "durability");
        let neither = stricter(Some(false)).applied_to(&accepting).unwrap();
        assert_eq!(neither.durability, Durability::ONE_ACK);
    }

    #[test]
    fn an_objective_is_withdrawn_and_the_others_stay() {
        let change = |objectives| v1::PolicyChange {
            objectives: Some(objectives),
            ..v1::PolicyChange::default()
        };
        let less = change(v1::ObjectivesChange {
            rpo_secs: Some(5),
            withdrawn: vec![v1::Objective::Rto.into()],
            ..v1::ObjectivesChange::default()
        });
        let changed = less.applied_to(&unusual()).unwrap().objectives;
        assert_eq!((changed.rto_secs, changed.rpo_secs), (None, Some(5)));
        assert!(changed.availability_percent.is_some());

        let too_much = change(v1::ObjectivesChange {
            availability_percent: Some(100.5),
            ..v1::ObjectivesChange::default()
        });
        let error = too_much.applied_to(&unusual()).unwrap_err();
        assert_eq!(error.field(), "objectives.availability_percent");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let no_acks = v1::PolicyChange {
            durability: Some(v1::Durability {
                kind: Some(v1::durability::Kind::SemiSync(v1::durability::SemiSync {
                    acks: 0,
                })),
            }),
            ..v1::PolicyChange::default()
        };
        let error = no_acks.applied_to(&Policy::default()).unwrap_err();
        assert_eq!(error.field(), "durability.semi_sync.acks");

        let unknown = v1::PolicyChange {
            mode: 99,
            ..v1::PolicyChange::default()
        };
        let error = unknown.applied_to(&Policy::default()).unwrap_err();
        assert_eq!(
            tonic::Status::from(error).message(),
            "field `mode` is not valid: unknown enumeration value 99"
        );
    }
}
