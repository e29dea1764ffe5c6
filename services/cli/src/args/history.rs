//! The words about what happened.

use clap::{Args, Subcommand};
use lictor_wire::domain::access::Outcome;
use lictor_wire::domain::{ClusterName, HappeningKind, NodeName, Severity};
use lictor_wire::v1;

use super::values::words;

/// What to do with the history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// List what happened, the newest first.
    #[command(after_help = "Examples:\n  lictor history list --cluster orders\n  \
        lictor history list --kind unavailable --limit 100 -o json")]
    List(HistoryArgs),
}

/// Which happenings to list.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Only this cluster's.
    #[arg(long)]
    pub(crate) cluster: Option<ClusterName>,
    /// Only this node's.
    #[arg(long)]
    pub(crate) node: Option<NodeName>,
    /// Only of these kinds; may be said more than once.
    #[arg(long, value_parser = words(HappeningKind::ALL, HappeningKind::as_str))]
    pub(crate) kind: Vec<HappeningKind>,
    /// Only of this code, such as `DeadPrimary`.
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// Only of this severity.
    #[arg(long, value_parser = words(Severity::ALL, Severity::as_str))]
    pub(crate) severity: Option<Severity>,
    /// Only what contains this, whatever the case.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) search: String,
    /// At most this many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
}

impl From<HistoryArgs> for v1::ListHappeningsRequest {
    fn from(args: HistoryArgs) -> Self {
        let kinds = args.kind.into_iter();
        Self {
            cluster: args.cluster.map(Into::into),
            node: args.node.map(Into::into),
            kinds: kinds
                .map(|kind| v1::HappeningKind::from(kind).into())
                .collect(),
            code: args.code,
            severity: severity(args.severity),
            text: args.search,
            limit: args.limit,
            ..Self::default()
        }
    }
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what was done, by whom and why, the newest first.
    #[command(after_help = "Example:\n  lictor audit list --target orders")]
    List(AuditArgs),
}

/// Which entries of the audit log to list.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Only what this one did.
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Only this action, such as `cluster.set`.
    #[arg(long)]
    pub(crate) action: Option<String>,
    /// Only what was done to this.
    #[arg(long)]
    pub(crate) target: Option<String>,
    /// Only what ended so.
    #[arg(long, value_parser = words(&Outcome::ALL, Outcome::as_str))]
    pub(crate) outcome: Option<Outcome>,
    /// Only what contains this, whatever the case.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) search: String,
    /// At most this many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
}

impl From<AuditArgs> for v1::ListAuditRequest {
    fn from(args: AuditArgs) -> Self {
        let outcome = args.outcome.map(v1::AuditOutcome::from);
        Self {
            actor: args.actor,
            action: args.action,
            target: args.target,
            outcome: outcome.unwrap_or_default().into(),
            text: args.search,
            limit: args.limit,
            before: None,
        }
    }
}

/// Which problems to list.
#[derive(Debug, Args)]
pub(crate) struct ProblemArgs {
    /// Only this cluster's.
    #[arg(long)]
    pub(crate) cluster: Option<ClusterName>,
    /// Only of this severity.
    #[arg(long, value_parser = words(Severity::ALL, Severity::as_str))]
    pub(crate) severity: Option<Severity>,
    /// Only what contains this, whatever the case.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) search: String,
}

impl From<ProblemArgs> for v1::ListProblemsRequest {
    fn from(args: ProblemArgs) -> Self {
        Self {
            cluster: args.cluster.map(Into::into),
            severity: severity(args.severity),
            text: args.search,
        }
    }
}

/// Over which time, and of which cluster.
#[derive(Debug, Args)]
pub(crate) struct AvailabilityArgs {
    /// Only this cluster.
    pub(crate) cluster: Option<ClusterName>,
    /// How long back from now: 24 hours, 30 days or 365 days.
    #[arg(long, default_value = "day", value_parser = words(&PERIODS, period))]
    pub(crate) period: v1::Period,
}

const PERIODS: [v1::Period; 3] = [v1::Period::Day, v1::Period::Month, v1::Period::Year];

const fn period(period: v1::Period) -> &'static str {
    match period {
        v1::Period::Unspecified | v1::Period::Day => "day",
        v1::Period::Month => "month",
        v1::Period::Year => "year",
    }
}

impl From<AvailabilityArgs> for v1::GetAvailabilityRequest {
    fn from(args: AvailabilityArgs) -> Self {
        Self {
            cluster: args.cluster.map(Into::into),
            period: args.period.into(),
            ..Self::default()
        }
    }
}

fn severity(severity: Option<Severity>) -> i32 {
    severity.map(v1::Severity::from).unwrap_or_default().into()
}
