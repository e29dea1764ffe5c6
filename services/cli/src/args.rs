//! The words of the command line.

mod cluster;
mod node;
mod policy;
#[cfg(test)]
mod tests;
mod values;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use lictor_wire::domain::ClusterName;

pub(crate) use self::cluster::{ClusterCommand, FailoverArgs, SwitchoverArgs};
pub(crate) use self::node::NodeCommand;

const EXAMPLES: &str = "\
Examples:
  lictor cluster add orders --seed 127.0.0.11:3306 --mode auto
  lictor cluster show orders
  lictor cluster set orders --mode manual --reason 'disk replacement'
  lictor cluster switchover orders --to orders-2
  lictor node list --cluster orders -o json
  lictor node rebuild orders-1 --dry-run
  lictor route watch
  lictor recovery show last

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// The command line of Lictor, a highly available control plane for MySQL.
#[derive(Debug, Parser)]
#[command(name = "lictor", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// URL of the control plane.
    #[arg(
        long,
        global = true,
        env = "LICTOR_SERVER",
        default_value = "http://127.0.0.1:7400",
        value_name = "URL",
        help_heading = "Global options"
    )]
    pub(crate) server: String,

    /// How to show the answer.
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t = Format::Table,
        value_name = "FORMAT",
        help_heading = "Global options"
    )]
    pub(crate) output: Format,

    #[command(subcommand)]
    pub(crate) noun: Noun,
}

/// How to show the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// JSON; a stream is one object a line.
    Json,
    /// YAML; a stream is one document each.
    Yaml,
}

/// What a command is about.
#[derive(Debug, Subcommand)]
pub(crate) enum Noun {
    /// Clusters: one primary and its replicas.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Nodes: single MySQL servers.
    #[command(subcommand)]
    Node(NodeCommand),
    /// Routes: where each cluster's traffic goes.
    #[command(subcommand)]
    Route(RouteCommand),
    /// Recoveries: what was done about lost primaries, and switchovers.
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    /// Subscribers: who receives routes.
    #[command(subcommand)]
    Subscriber(SubscriberCommand),
    /// Problems: the kinds that Lictor finds.
    #[command(subcommand)]
    Problem(ProblemCommand),
    /// How the control plane stands.
    Status,
    /// Print the completion script of a shell.
    #[command(after_help = "Example:\n  lictor completions bash > /etc/bash_completion.d/lictor")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What to do with routes.
#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// Show the routing table.
    Show,
    /// Show the routing table, and each change as it is pushed, until Ctrl-C.
    Watch,
}

/// What to do with recoveries.
#[derive(Debug, Subcommand)]
pub(crate) enum RecoveryCommand {
    /// List recoveries, the newest first.
    List {
        /// Only this cluster's.
        #[arg(long)]
        cluster: Option<ClusterName>,
        /// At most this many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Tell one recovery as a story.
    #[command(after_help = "Examples:\n  lictor recovery show last\n  \
        lictor recovery show 0193a7b2-6c1e")]
    Show {
        /// Its id or how the id begins, as `recovery list` shows it, or `last`.
        id: String,
    },
}

/// What to do with subscribers.
#[derive(Debug, Subcommand)]
pub(crate) enum SubscriberCommand {
    /// List who is subscribed at the instance asked.
    List,
}

/// What to do with kinds of problems.
#[derive(Debug, Subcommand)]
pub(crate) enum ProblemCommand {
    /// List every kind of problem, with what it means.
    ListCodes,
    /// Explain one kind of problem, and what is done about it.
    #[command(after_help = "Example:\n  lictor problem explain SemiSyncStarved")]
    Explain {
        /// Its code, as `cluster show` shows it.
        code: String,
    },
}
