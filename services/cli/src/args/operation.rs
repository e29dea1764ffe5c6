//! The words about operations.

use clap::Subcommand;
use lictor_wire::domain::{ClusterName, OperationState};

use super::values::words;

/// What to do with operations.
#[derive(Debug, Subcommand)]
pub(crate) enum OperationCommand {
    /// List operations, the newest first.
    #[command(after_help = "Example:\n  lictor operation list --state running")]
    List {
        /// Only this cluster's.
        #[arg(long)]
        cluster: Option<ClusterName>,
        /// Only those in this state.
        #[arg(long, value_parser = words(OperationState::ALL, OperationState::as_str))]
        state: Option<OperationState>,
        /// At most this many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Show one operation; `recovery show` tells more of a recovery.
    Show {
        /// Its id or how the id begins, as `operation list` shows it, or `last`.
        id: String,
    },
    /// Follow one operation until it is over; fails when it does.
    #[command(after_help = "Example:\n  lictor operation watch last")]
    Watch {
        /// Its id or how the id begins, as `operation list` shows it, or `last`.
        id: String,
    },
}
