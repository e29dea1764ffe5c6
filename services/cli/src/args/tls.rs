//! The words about certificates.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum TlsCommand {
    /// Make an authority, and certificates of it for a lictord and a client.
    #[command(
        after_help = "The authority is for trying out and for tests: whoever reads \
        its key can pass for anybody. Nothing that exists is overwritten.\n\n\
        Example:\n  lictor tls init /etc/lictor/tls --host lictor-1 --host 10.0.0.5"
    )]
    Init(InitArgs),
}

/// What to make.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The directory for the files; made if it is not there.
    pub(crate) dir: PathBuf,

    /// A name or address at which lictord is reached, beside those of loopback.
    #[arg(long = "host", value_name = "NAME|IP")]
    pub(crate) hosts: Vec<String>,

    /// How many days the certificates hold.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) days: u16,
}
