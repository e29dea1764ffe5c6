//! The words about tokens.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use lictor_wire::domain::access::Role;
use lictor_wire::domain::{ClusterName, TokenName};
use lictor_wire::v1;

use super::values::{life, words};

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token. Its text is shown once, and kept nowhere.
    #[command(after_help = "\
Roles:
  subscriber  receive routes, and nothing else
  agent       renew the lease of a MySQL server, and nothing else
  viewer      see everything but tokens
  operator    also order what keeps clusters writable: switchovers, pauses, rebuilds
  admin       everything: also add clusters, change the configuration, make tokens

Examples:
  lictor token create ada --role operator --expires-in 90d --reason 'on call'
  lictor token create shop --role subscriber --cluster orders --to-file shop.token \\
      --reason 'the web shop'")]
    Create(CreateTokenArgs),
    /// List every token, those in force first.
    List,
    /// Revoke a token for good; what is open under it ends.
    #[command(after_help = "Example:\n  lictor token revoke shop --reason 'it was in a log'")]
    Revoke {
        /// Its id, or the name of one in force.
        #[arg(value_name = "ID|NAME")]
        meant: String,
        /// Why, for the history.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Show whose token this program shows.
    Whoami,
}

/// The token to make.
#[derive(Debug, Args)]
pub(crate) struct CreateTokenArgs {
    /// What people call it: 1 to 64 of a-z, A-Z, 0-9 and -_.@.
    pub(crate) name: TokenName,

    /// What it is for.
    #[arg(long, value_parser = words(&Role::ALL, Role::as_str))]
    pub(crate) role: Role,

    /// Good for this cluster alone; name each. Without it, for any.
    #[arg(long = "cluster", value_name = "CLUSTER")]
    pub(crate) clusters: Vec<ClusterName>,

    /// For how long, such as `90d`; for ever when not said. Whole seconds, at most 10
    /// years.
    #[arg(long, value_name = "TIME", value_parser = life)]
    pub(crate) expires_in: Option<u64>,

    /// Write its text into this new file, which only its owner may read, instead of
    /// showing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) to_file: Option<PathBuf>,

    /// Why, for the history.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) reason: String,
}

impl From<CreateTokenArgs> for v1::CreateTokenRequest {
    fn from(args: CreateTokenArgs) -> Self {
        Self {
            name: args.name.into(),
            role: v1::Role::from(args.role).into(),
            clusters: args.clusters.into_iter().map(Into::into).collect(),
            expires_in_secs: args.expires_in,
            reason: args.reason,
        }
    }
}
