//! The words about a cluster's policy, and the change they become.

use clap::Args;
use lictor_wire::domain::{
    AvailabilityPercent, BetterPlaced, Budget, Durability, Mode, NoReaders, OnStarved, Profile,
    RebuildPolicy, Share,
};
use lictor_wire::v1;

use super::values::{
    Promise, budget, durability, objective_percent, objective_time, on_off, on_starved,
    whole_seconds, words,
};

/// The policy of a new cluster, as it would be said.
pub(super) const DEFAULTS: &str = "\
--mode observe --profile balanced --durability semi-sync:1 --budget 3/10m
  --max-read-lag 5s --rebuild manual --on-starved wait --no-readers none
  --keep-readers 0 --max-readers 100% --accept-unfenced off
  --better-placed switch --objective-availability none --objective-rto none
  --objective-rpo none";

/// What differs from the policy there is.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// How far Lictor may act: `observe` touches nothing, `manual` does what is
    /// ordered, `auto` also fails over and keeps replicas in place by itself.
    #[arg(long, value_parser = words(Mode::ALL, Mode::as_str))]
    pub(crate) mode: Option<Mode>,
    /// When a silent primary counts as hung: after 1 s, 3 s or 10 s.
    #[arg(long, value_parser = words(Profile::ALL, Profile::as_str))]
    pub(crate) profile: Option<Profile>,
    /// What a commit must survive: `async`, `semi-sync` or `semi-sync:N` for N
    /// acknowledging replicas.
    #[arg(long, value_name = "async|semi-sync[:N]", value_parser = durability)]
    pub(crate) durability: Option<Durability>,
    /// At most so many failovers in a time, then Lictor stops and asks: such as
    /// `3/10m`.
    #[arg(long, value_name = "N/TIME", value_parser = budget)]
    pub(crate) budget: Option<Budget>,
    /// Replicas further behind serve no reads, such as `5s`; whole seconds.
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(crate) max_read_lag: Option<u64>,
    /// Who starts the rebuild of a quarantined node; `auto` lets Lictor replace
    /// its data by itself.
    #[arg(long, value_name = "WHO", value_parser = words(RebuildPolicy::ALL, RebuildPolicy::as_str))]
    pub(crate) rebuild: Option<RebuildPolicy>,
    /// When too few replicas can acknowledge: `wait`, or `loosen:N/TIME` to let
    /// commits wait for only N or more after that time, such as `loosen:0/5s`.
    #[arg(long, value_name = "wait|loosen:N/TIME", value_parser = on_starved)]
    pub(crate) on_starved: Option<OnStarved>,
    /// Who serves reads when no replica does.
    #[arg(long, value_name = "WHO", value_parser = words(NoReaders::ALL, NoReaders::as_str))]
    pub(crate) no_readers: Option<NoReaders>,
    /// So many replicas serve reads however far they are behind, the least
    /// lagging first: such as `1` or `50%`.
    #[arg(long, value_name = "N|N%")]
    pub(crate) keep_readers: Option<Share>,
    /// Never more replicas than this serve reads, the others stay in reserve: such
    /// as `2` or `50%`.
    #[arg(long, value_name = "N|N%")]
    pub(crate) max_readers: Option<Share>,
    /// Whether a failover may go on where nothing proves that the old primary is
    /// closed: two primaries may take writes then, and what the old one takes is
    /// lost. Only with durability `async`.
    #[arg(long, value_parser = on_off())]
    pub(crate) accept_unfenced: Option<bool>,
    /// When a failover's winner held the most, and another replica is better placed
    /// by its promotion rule or zone: `switch` over to it once it has caught up, or
    /// let the winner `stay`.
    #[arg(long, value_name = "WHAT", value_parser = words(BetterPlaced::ALL, BetterPlaced::as_str))]
    pub(crate) better_placed: Option<BetterPlaced>,
    /// How much of the time the cluster is promised to take writes, in percent, such
    /// as `99.95`; reports compare it with what was reached, and so the next two.
    #[arg(long, value_name = "PERCENT|none", value_parser = objective_percent)]
    pub(crate) objective_availability: Option<Promise<AvailabilityPercent>>,
    /// No unplanned outage is promised to be longer, such as `30s`.
    #[arg(long, value_name = "TIME|none", value_parser = objective_time)]
    pub(crate) objective_rto: Option<Promise<u64>>,
    /// A failover is promised to lose no more of what was acknowledged, such as `0s`.
    #[arg(long, value_name = "TIME|none", value_parser = objective_time)]
    pub(crate) objective_rpo: Option<Promise<u64>>,
}

impl From<PolicyArgs> for v1::PolicyChange {
    fn from(args: PolicyArgs) -> Self {
        let mode = args.mode.map(v1::Mode::from);
        let profile = args.profile.map(v1::Profile::from);
        let objectives = objectives(&args);
        Self {
            mode: mode.unwrap_or_default().into(),
            profile: profile.unwrap_or_default().into(),
            durability: args.durability.map(Into::into),
            budget: args.budget.map(Into::into),
            max_read_lag_secs: args.max_read_lag,
            rebuild: args
                .rebuild
                .map(v1::RebuildPolicy::from)
                .unwrap_or_default()
                .into(),
            on_starved: args.on_starved.map(Into::into),
            no_readers: args
                .no_readers
                .map(v1::NoReaders::from)
                .unwrap_or_default()
                .into(),
            keep_readers: args.keep_readers.map(Into::into),
            max_readers: args.max_readers.map(Into::into),
            accept_unfenced: args.accept_unfenced,
            better_placed: args
                .better_placed
                .map(v1::BetterPlaced::from)
                .unwrap_or_default()
                .into(),
            objectives,
        }
    }
}

/// What changes of the promises, if anything does.
fn objectives(args: &PolicyArgs) -> Option<v1::ObjectivesChange> {
    use v1::Objective::{Availability, Rpo, Rto};
    let (availability, rto, rpo) = (
        args.objective_availability,
        args.objective_rto,
        args.objective_rpo,
    );
    let withdrawn = [
        (availability == Some(Promise::None), Availability),
        (rto == Some(Promise::None), Rto),
        (rpo == Some(Promise::None), Rpo),
    ];
    let withdrawn = withdrawn.into_iter().filter(|(withdrawn, _)| *withdrawn);
    let change = v1::ObjectivesChange {
        availability_percent: availability.and_then(Promise::kept).map(Into::into),
        rto_secs: rto.and_then(Promise::kept),
        rpo_secs: rpo.and_then(Promise::kept),
        withdrawn: withdrawn.map(|(_, objective)| objective.into()).collect(),
    };
    (change != v1::ObjectivesChange::default()).then_some(change)
}
