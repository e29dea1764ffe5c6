//! The words about nodes.

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use lictor_wire::domain::{ClusterName, NodeName};

use super::values::whole_seconds;

/// What to do with nodes.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List the nodes of all clusters, or of one.
    List {
        /// Only this cluster's.
        #[arg(long)]
        cluster: Option<ClusterName>,
    },
    /// Show everything about one node.
    #[command(after_help = "Example:\n  lictor node show orders-1")]
    Show {
        /// Its name.
        node: NodeName,
    },
    /// Work on a node for a time: it serves no reads, is never promoted, and is
    /// left alone.
    #[command(
        after_help = "\
Examples:
  lictor node maintenance orders-2 --owner ada --reason 'a new disk' --for 2h
  lictor node maintenance orders-2 --end",
        group(clap::ArgGroup::new("what").required(true).args(["time", "end"]))
    )]
    Maintenance {
        /// Its name.
        node: NodeName,
        /// Who works on it.
        #[arg(long, requires = "time", value_parser = NonEmptyStringValueParser::new())]
        owner: Option<String>,
        /// Why.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: Option<String>,
        /// For how long, such as `2h`: then it ends by itself; whole seconds, at
        /// most 30 days.
        #[arg(long = "for", id = "time", value_name = "TIME", requires_all = ["owner", "reason"],
            value_parser = whole_seconds)]
        time: Option<u64>,
        /// End it now.
        #[arg(long)]
        end: bool,
    },
    /// Let a node back into its cluster, or say what stands in the way.
    #[command(after_help = "\
Examples:
  lictor node rejoin orders-1
  lictor node rejoin orders-1 --inject-empty --dry-run
  lictor node rejoin orders-1 --inject-empty --reason 'a test row, not needed elsewhere'")]
    Rejoin {
        /// Its name.
        node: NodeName,
        /// Commit an empty transaction on the primary for each one that only
        /// this node holds: what those changed stays on this node alone, so
        /// that it differs from the others for good.
        #[arg(long)]
        inject_empty: bool,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Why, for the history.
        #[arg(long, default_value = "asked for on the command line",
            value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Replace a node's data by a copy of another's, by MySQL's CLONE plugin.
    #[command(after_help = "\
Examples:
  lictor node rebuild orders-1 --dry-run
  lictor node rebuild orders-1 --donor orders-3

All that only this node holds is lost. After the copy its mysqld shuts down; where
no supervisor starts it again, you are told to.")]
    Rebuild {
        /// Its name.
        node: NodeName,
        /// Whose data it gets; the best there is when not said, a replica before
        /// the primary.
        #[arg(long, value_name = "NODE")]
        donor: Option<NodeName>,
        /// Also when it is not quarantined: its data may be lost.
        #[arg(long)]
        force: bool,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Do not wait for its end.
        #[arg(long)]
        detach: bool,
        /// Why, for the history.
        #[arg(long, default_value = "asked for on the command line",
            value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
}
