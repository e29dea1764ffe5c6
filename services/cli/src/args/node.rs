//! The words about nodes.

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use lictor_wire::domain::{ClusterName, NodeName, PromotionRule};

use super::values::{Source, exception, promotion_rule, source, words};

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
    /// Read a node's variables, and tell which should be another and why.
    #[command(after_help = "Example:\n  lictor node variables orders-1")]
    Variables {
        /// Its name.
        node: NodeName,
    },
    /// Say how gladly a node is made primary, and where it stands.
    #[command(
        after_help = "\
Examples:
  lictor node set orders-2 --promotion-rule must-not --for 2h --reason 'reports run there'
  lictor node set orders-3 --zone eu-1 --reason 'it was moved'",
        group(clap::ArgGroup::new("change").required(true).multiple(true).args(["rule", "zone"]))
    )]
    Set {
        /// Its name.
        node: NodeName,
        /// `must-not`: never; `prefer-not`: only when no other can; `prefer`: before
        /// others that hold the same data.
        #[arg(long = "promotion-rule", id = "rule", value_name = "RULE",
            value_parser = words(PromotionRule::ALL, promotion_rule))]
        promotion_rule: Option<PromotionRule>,
        /// For how long the rule holds, such as `2h`: then it is neutral again; whole
        /// seconds, at most 30 days.
        #[arg(long = "for", id = "time", value_name = "TIME", requires = "rule",
            value_parser = exception)]
        time: Option<u64>,
        /// Where it stands, such as an availability zone; empty for nowhere. Of
        /// candidates alike, one in the old primary's zone is made primary.
        #[arg(long)]
        zone: Option<String>,
        /// Why, for the history.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
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
            value_parser = exception)]
        time: Option<u64>,
        /// End it now.
        #[arg(long)]
        end: bool,
    },
    /// Make a node follow another one, or the primary.
    #[command(after_help = "\
Examples:
  lictor node repoint orders-4 --to orders-2 --reason 'one stream to that site'
  lictor node repoint orders-4 --to primary

It stays so whoever is primary. While its source is down it follows the nearest node
above it that lives, and returns by itself. It cannot acknowledge commits there.")]
    Repoint {
        /// Its name.
        node: NodeName,
        /// The node it is to follow, or `primary`: whoever that is.
        #[arg(long, value_name = "NODE", value_parser = source)]
        to: Source,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Why, for the history.
        #[arg(long, default_value = "asked for on the command line",
            value_parser = NonEmptyStringValueParser::new())]
        reason: String,
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
