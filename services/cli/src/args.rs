//! The words of the command line.

mod cluster;
mod config;
mod history;
mod import;
mod node;
mod operation;
mod policy;
#[cfg(test)]
mod tests;
mod tls;
mod token;
mod values;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use lictor_wire::domain::ClusterName;

pub(crate) use self::cluster::{ClusterCommand, FailoverArgs, SwitchoverArgs};
pub(crate) use self::config::{
    ChangeArgs, ConfigCommand, HostgroupCommand, KeyspaceCommand, RuleCommand,
};
pub(crate) use self::history::{AuditCommand, AvailabilityArgs, HistoryCommand, ProblemArgs};
pub(crate) use self::import::{ImportCommand, Nodes, OutputArgs};
pub(crate) use self::node::NodeCommand;
pub(crate) use self::operation::OperationCommand;
pub(crate) use self::tls::{InitArgs, TlsCommand};
pub(crate) use self::token::{CreateTokenArgs, TokenCommand};

const EXAMPLES: &str = "\
Examples:
  lictor cluster add orders --seed 127.0.0.11:3306 --mode auto
  lictor cluster show orders
  lictor cluster set orders --mode manual --reason 'disk replacement'
  lictor cluster switchover orders --to orders-2
  lictor node list --cluster orders -o json
  lictor node rebuild orders-1 --dry-run
  lictor node variables orders-1
  lictor operation watch last
  lictor config export --file lictor.yaml
  lictor config apply lictor.yaml --reason 'a hostgroup for reports'
  lictor rule test 'SELECT 1 FOR UPDATE'
  lictor route watch
  lictor recovery show last
  lictor import proxysql dump.sql --cluster orders=10.0.0.11:3306
  lictor token create ada --role operator --reason 'on call'

A token is shown where --token-file (LICTOR_TOKEN_FILE) names a file with one, or else
LICTOR_TOKEN is one. What is done stands in the audit log in its name, and in that of
LICTOR_ACTOR, or else of USER.

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// The command line of Lictor, a highly available control plane for MySQL.
#[derive(Debug, Parser)]
#[command(name = "lictor", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) server: Server,

    /// How to show the answer; `json` and `yaml` have the fields of the REST API.
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

/// Whom to ask, and how to be sure of that.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Server {
    /// URL of the control plane.
    #[arg(
        id = "server",
        long = "server",
        global = true,
        env = "LICTOR_SERVER",
        default_value = "http://127.0.0.1:7400",
        value_name = "URL",
        help_heading = "Global options"
    )]
    pub(crate) url: String,

    /// The authorities to trust at an https URL (PEM), instead of the system's.
    #[arg(
        long,
        global = true,
        env = "LICTOR_CA_FILE",
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(crate) ca_file: Option<PathBuf>,

    /// A certificate to show there (PEM).
    #[arg(
        long,
        global = true,
        env = "LICTOR_CERT_FILE",
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(crate) cert_file: Option<PathBuf>,

    /// The private key of the certificate (PEM).
    #[arg(
        long,
        global = true,
        env = "LICTOR_KEY_FILE",
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(crate) key_file: Option<PathBuf>,

    /// A file with the token to show.
    #[arg(
        long,
        global = true,
        env = "LICTOR_TOKEN_FILE",
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(crate) token_file: Option<PathBuf>,
}

#[cfg(test)]
impl Server {
    /// The one at that URL.
    pub(crate) fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            token_file: None,
        }
    }
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
    /// The configuration: clusters' policies, keyspaces, hostgroups and query rules,
    /// in versions.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Keyspaces: which shard owns a key, and where it lives.
    #[command(subcommand)]
    Keyspace(KeyspaceCommand),
    /// Hostgroups: named pools of servers.
    #[command(subcommand)]
    Hostgroup(HostgroupCommand),
    /// Query rules: which statements go to which hostgroup.
    #[command(subcommand)]
    Rule(RuleCommand),
    /// Routes: where each cluster's traffic goes.
    #[command(subcommand)]
    Route(RouteCommand),
    /// Recoveries: what was done about lost primaries, and switchovers.
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    /// Operations: whatever lasts, recoveries and rebuilds of nodes.
    #[command(subcommand)]
    Operation(OperationCommand),
    /// Subscribers: who receives routes.
    #[command(subcommand)]
    Subscriber(SubscriberCommand),
    /// Problems: what is wrong now, and the kinds that Lictor finds.
    #[command(subcommand)]
    Problem(ProblemCommand),
    /// The history: problems that came and went, outages, changes of the primary.
    #[command(subcommand)]
    History(HistoryCommand),
    /// The audit log: who did what, and why.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// How available clusters were, against what is promised.
    #[command(after_help = "Examples:\n  lictor availability\n  \
        lictor availability orders --period month -o json")]
    Availability(AvailabilityArgs),
    /// What other tools are configured with, as a document to review.
    #[command(subcommand)]
    Import(ImportCommand),
    /// The control plane: its instances, of which one leads.
    #[command(subcommand)]
    ControlPlane(ControlPlaneCommand),
    /// How the control plane stands; the same as `control-plane status`.
    Status,
    /// Tokens: who may call, and what.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Certificates to try Lictor out with.
    #[command(subcommand)]
    Tls(TlsCommand),
    /// Print the completion script of a shell.
    #[command(after_help = "Example:\n  lictor completions bash > /etc/bash_completion.d/lictor")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What to do with the control plane.
#[derive(Debug, Subcommand)]
pub(crate) enum ControlPlaneCommand {
    /// Show who leads, each instance as it says itself how it stands, the leases and
    /// the stores.
    #[command(after_help = "Example:\n  lictor control-plane status")]
    Status,
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

/// What to do with problems.
#[derive(Debug, Subcommand)]
pub(crate) enum ProblemCommand {
    /// List what is wrong with any cluster, the gravest first.
    List(ProblemArgs),
    /// List every kind of problem, with what it means.
    ListCodes,
    /// Explain one kind of problem, and what is done about it.
    #[command(after_help = "Example:\n  lictor problem explain SemiSyncStarved")]
    Explain {
        /// Its code, as `cluster show` shows it.
        code: String,
    },
}
