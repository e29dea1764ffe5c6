//! The words about clusters, and the requests they become.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use lictor_wire::domain::{ClusterName, LongTransactions, NodeAddress, NodeName};
use lictor_wire::v1;

use super::policy::{DEFAULTS, PolicyArgs};
use super::values::{age, exception, pause, words};

fn add_help() -> String {
    format!(
        "\
What is not said of a new cluster's policy:
  {DEFAULTS}

Examples:
  lictor cluster add orders --seed 127.0.0.11:3306
  lictor cluster add orders --seed db1.example.org:3306 --mode auto --profile fast \\
      --durability semi-sync:2 --max-read-lag 10s"
    )
}

/// What to do with clusters.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Discover a cluster from one of its nodes, check it and take it on.
    ///
    /// One that is known already is brought up to date: its nodes, and what is said
    /// of its policy.
    #[command(after_help = add_help())]
    Add {
        /// Its name: a DNS label, such as `orders`.
        name: ClusterName,
        /// Address of any one of its nodes.
        #[arg(long, value_name = "HOST:PORT")]
        seed: NodeAddress,
        #[command(flatten)]
        policy: PolicyArgs,
    },
    /// List all clusters.
    List,
    /// Show a cluster with its problems and nodes.
    #[command(after_help = "Example:\n  lictor cluster show orders")]
    Show {
        /// Its name.
        name: ClusterName,
    },
    /// Show how each node's connections are divided among the pools of subscribers.
    #[command(after_help = "Example:\n  lictor cluster connections orders")]
    Connections {
        /// Its name.
        name: ClusterName,
    },
    /// Let nothing be done by itself for a time, not even a failover; what runs is
    /// finished.
    #[command(after_help = "Example:\n  \
        lictor cluster pause orders --reason 'a network change' --for 30m")]
    Pause {
        /// Its name.
        name: ClusterName,
        /// Why, for those who see it.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
        /// For how long, such as `30m`; until it is resumed when not said. Whole
        /// seconds, at most 30 days.
        #[arg(long = "for", value_name = "TIME", value_parser = exception)]
        time: Option<u64>,
        /// Who wants it.
        #[arg(
            long,
            env = "USER",
            hide_env_values = true,
            default_value = "",
            hide_default_value = true
        )]
        owner: String,
    },
    /// End a pause.
    Resume {
        /// Its name.
        name: ClusterName,
        /// Why, for the history.
        #[arg(long, default_value = "asked for on the command line",
            value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Take the primacy away from a primary that is dead, hangs or stalls.
    #[command(after_help = "\
It works in the modes manual and auto, whatever the budget. A primary that answers
is closed first: clients whose commits wait are cut off.

With --force it also gives up a recovery that lost its leader and waits for a node
that stays away: what only that node holds is lost. --to naming the primary then
leaves it the primary. --dry-run says what would be lost.

Examples:
  lictor cluster failover orders --dry-run
  lictor cluster failover orders --to orders-3 --reason 'its disk is full'
  lictor cluster failover orders --force --reason 'rack 4 is off, I have looked'")]
    Failover(FailoverArgs),
    /// Change a cluster's policy.
    #[command(
        after_help = "Examples:\n  \
            lictor cluster set orders --mode auto --reason 'rehearsed on Monday'\n  \
            lictor cluster set orders --budget 1/1h --reason 'new rack'",
        group(clap::ArgGroup::new("change").required(true).multiple(true)
            .args(["mode", "profile", "durability", "budget", "max_read_lag", "rebuild",
                "on_starved", "no_readers", "keep_readers", "max_readers", "accept_unfenced",
                "better_placed", "objective_availability", "objective_rto", "objective_rpo"]))
    )]
    Set {
        /// Its name.
        name: ClusterName,
        #[command(flatten)]
        policy: PolicyArgs,
        /// Why, for the history.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Make another node the primary while the old one lives.
    ///
    /// Subscribers hold their writes for a moment, so that none fails. Everything
    /// is undone when the new primary is not open in time.
    #[command(after_help = "\
Examples:
  lictor cluster switchover orders --dry-run
  lictor cluster switchover orders --to orders-2 --reason 'new disks in orders-1'
  lictor cluster switchover orders --pause 300ms --long-transactions refuse")]
    Switchover(SwitchoverArgs),
}

/// Who is to be the primary, and at what price.
#[derive(Debug, Args)]
pub(crate) struct SwitchoverArgs {
    /// The cluster's name.
    pub(crate) name: ClusterName,
    /// The node to be made primary; the best replica unless you say.
    #[arg(long, value_name = "NODE")]
    pub(crate) to: Option<NodeName>,
    /// Only show what would be found.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// For how long nobody may be able to write, from 50ms to 1m; then everything
    /// is undone.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = pause)]
    pub(crate) pause: Duration,
    /// What to do about transactions that are open for long on the primary: wait
    /// for their end (up to a minute), end their sessions, or refuse to switch over.
    #[arg(
        long,
        value_name = "HOW",
        default_value = "wait",
        value_parser = words(LongTransactions::ALL, LongTransactions::as_str)
    )]
    pub(crate) long_transactions: LongTransactions,
    /// From this age on a transaction is long; whole seconds, at most a day.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = age)]
    pub(crate) older_than: u64,
    /// Why, for the history.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) reason: Option<String>,
}

impl From<SwitchoverArgs> for v1::SwitchoverClusterRequest {
    fn from(args: SwitchoverArgs) -> Self {
        Self {
            name: args.name.into(),
            to: args.to.map(Into::into),
            dry_run: args.dry_run,
            pause_us: Some(lictor_wire::micros(args.pause)),
            long_transactions: v1::LongTransactions::from(args.long_transactions).into(),
            older_than_secs: Some(args.older_than),
            reason: args.reason,
        }
    }
}

/// A failover as it is ordered.
#[derive(Debug, Args)]
pub(crate) struct FailoverArgs {
    /// The cluster's name.
    pub(crate) name: ClusterName,
    /// The replica to be made primary; the best one when it is not said.
    #[arg(long, value_name = "NODE")]
    pub(crate) to: Option<NodeName>,
    /// Go on without a proof that the old primary is fenced, and although the
    /// replica may lack acknowledged writes; one named with --to is taken even if it
    /// does lack some. What is overridden is written into the recovery.
    #[arg(long, requires = "reason")]
    pub(crate) force: bool,
    /// Only say what would be done, and what stands in the way.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Why, for the history.
    #[arg(
        long,
        default_value = "an operator's order",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) reason: String,
}
