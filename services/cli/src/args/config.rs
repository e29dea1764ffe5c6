//! The words about the configuration, and about what it has in it.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use lictor_wire::domain::{ClusterName, HostgroupId, KeyspaceName, ShardName};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the configuration as a document, to be edited and applied. Its first
    /// line says which version it is.
    #[command(after_help = "Examples:\n  lictor config export > lictor.yaml\n  \
        lictor config export --version 7 --file seven.yaml")]
    Export {
        /// Which version; the newest without it.
        #[arg(long, value_name = "N")]
        version: Option<u64>,
        /// Write it into this file instead.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Show what a document would change, or what changed between two versions.
    #[command(
        after_help = "Examples:\n  lictor config diff lictor.yaml\n  \
            lictor config diff --from 3 --to 7",
        group(clap::ArgGroup::new("what").required(true).args(["path", "to"]))
    )]
    Diff {
        /// The document; `-` for standard input.
        #[arg(id = "path", value_name = "FILE")]
        file: Option<PathBuf>,
        /// The version to compare with; the newest without it.
        #[arg(long, value_name = "A")]
        from: Option<u64>,
        /// The version that it leads to.
        #[arg(long, value_name = "B")]
        to: Option<u64>,
    },
    /// Put a document in force as a whole, or nothing of it. A registered cluster
    /// that it leaves out stays as it is.
    #[command(after_help = "\
Examples:
  lictor config export --file lictor.yaml
  lictor config apply lictor.yaml --reason 'reports get their own hostgroup' --dry-run

The base is the version that the document was made from: what `config export` wrote
into its first line, or --base. When others came first, nothing is changed, and you
are told who did what.")]
    Apply {
        /// The document; `-` for standard input.
        file: PathBuf,
        /// The version it was made from.
        #[arg(long, value_name = "N")]
        base: Option<u64>,
        /// Where no base is given, take the newest version without asking.
        #[arg(long, conflicts_with = "base")]
        yes: bool,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// List versions, the newest first.
    History {
        /// At most this many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        /// Only those before this one.
        #[arg(long, value_name = "N")]
        before: Option<u64>,
    },
    /// Show who made a version, why, and everything that it changed.
    #[command(after_help = "Example:\n  lictor config show 7")]
    Show {
        /// Its number.
        version: u64,
    },
    /// Put an earlier version in force again, as a new one. Clusters that were
    /// added since stay as they are.
    #[command(after_help = "Example:\n  lictor config rollback 6 --reason 'the rules were wrong'")]
    Rollback {
        /// Its number.
        version: u64,
        /// The newest version, as you know it; whatever it is without this.
        #[arg(long, value_name = "N")]
        base: Option<u64>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Print the JSON schema of documents, for editors.
    #[command(after_help = "Example:\n  lictor config schema > lictor.schema.json")]
    Schema,
}

/// How to change the configuration.
#[derive(Clone, Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Why, for the history; at most 500 characters.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) reason: String,
    /// Only say what it would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What to do with keyspaces.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyspaceCommand {
    /// List keyspaces.
    List,
    /// Show a keyspace's shards, what each owns, and where it lives.
    #[command(after_help = "Example:\n  lictor keyspace show shop")]
    Show {
        /// Its name.
        keyspace: KeyspaceName,
    },
    /// Say which shard owns a key, and who takes its writes now.
    #[command(after_help = "Example:\n  lictor keyspace resolve shop 4711")]
    Resolve {
        /// The keyspace.
        keyspace: KeyspaceName,
        /// The key; bytes also as hexadecimal digits after `0x`.
        key: String,
    },
    /// Divide a shard: a new one takes a part of what it owns.
    #[command(after_help = "\
Examples:
  lictor keyspace split shop s0 --into s2 --at 20 --to users --reason 's0 is full'
  lictor keyspace split carts s0 --into s4 --at 1,3 --reason 's0 is full'
  lictor keyspace split tenants eu --into it --at it --reason 'a cluster of its own'")]
    Split {
        /// The keyspace.
        keyspace: KeyspaceName,
        /// The shard.
        shard: ShardName,
        /// The new shard's name.
        #[arg(long, value_name = "NAME")]
        into: ShardName,
        /// What the new shard takes: the hash (hexadecimal digits, as in a range) or the
        /// key that it begins at; of a modulo its slots, of a lookup its keys, with commas
        /// between.
        #[arg(long, value_name = "PART", allow_hyphen_values = true)]
        at: String,
        /// The cluster that holds the new shard; the same without it.
        #[arg(long, value_name = "CLUSTER")]
        to: Option<ClusterName>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Give a shard all that another one owns, which is gone then.
    #[command(
        after_help = "Example:\n  lictor keyspace merge shop s0 --with s2 --reason 'both are small'"
    )]
    Merge {
        /// The keyspace.
        keyspace: KeyspaceName,
        /// The shard that stays.
        shard: ShardName,
        /// The shard that goes.
        #[arg(long, value_name = "SHARD")]
        with: ShardName,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Say that a shard lives on another cluster, or that writes to it wait. Moving
    /// its rows is yours: hold, copy, move, release.
    #[command(
        after_help = "\
Examples:
  lictor keyspace move shop s0 --hold --reason 'it moves to users'
  lictor keyspace move shop s0 --to users --release --reason 'its rows are copied'",
        group(clap::ArgGroup::new("how").required(true).multiple(true)
            .args(["to", "hold", "release"]))
    )]
    Move {
        /// The keyspace.
        keyspace: KeyspaceName,
        /// The shard.
        shard: ShardName,
        /// The cluster that holds its rows now.
        #[arg(long, value_name = "CLUSTER")]
        to: Option<ClusterName>,
        /// Clients wait before they write to it.
        #[arg(long, conflicts_with = "release")]
        hold: bool,
        /// Clients write to it again.
        #[arg(long)]
        release: bool,
        #[command(flatten)]
        change: ChangeArgs,
    },
}

/// What to do with hostgroups.
#[derive(Debug, Subcommand)]
pub(crate) enum HostgroupCommand {
    /// List hostgroups, with who fills them now.
    List,
    /// Show the servers of a hostgroup.
    #[command(after_help = "Example:\n  lictor hostgroup show 10")]
    Show {
        /// Its number.
        #[arg(value_parser = hostgroup_id)]
        id: HostgroupId,
    },
}

fn hostgroup_id(text: &str) -> Result<HostgroupId, String> {
    let id = text.parse().map(HostgroupId);
    id.map_err(|_| "use the hostgroup's number".to_owned())
}

/// What to do with query rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RuleCommand {
    /// List query rules, in the order they are tried.
    List,
    /// Print rules that split reads from writes, to begin with: add them to your
    /// document.
    #[command(after_help = "Example:\n  lictor rule default --writer 10 --reader 11")]
    Default {
        /// The hostgroup that takes writes.
        #[arg(long, value_parser = hostgroup_id, value_name = "HOSTGROUP")]
        writer: HostgroupId,
        /// The hostgroup that serves reads.
        #[arg(long, value_parser = hostgroup_id, value_name = "HOSTGROUP")]
        reader: HostgroupId,
    },
    /// Say where a statement goes, and why.
    #[command(after_help = "\
Examples:
  lictor rule test 'SELECT * FROM orders WHERE id = 1 FOR UPDATE' --user shop
  lictor rule test 'SELECT 1' --file lictor.yaml")]
    Test {
        /// The statement.
        sql: String,
        /// Who sends it.
        #[arg(long, default_value = "")]
        user: String,
        /// The default schema it is sent in.
        #[arg(long, default_value = "")]
        schema: String,
        /// Test the rules of this document instead of those in force; `-` for standard
        /// input.
        #[arg(long)]
        file: Option<PathBuf>,
    },
}
