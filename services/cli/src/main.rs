//! lictor, the command line of the Lictor control plane.
//!
//! Asks one instance over gRPC and shows the answer as a table, JSON or YAML.
//! Exit codes: 0 done, 1 failed, 2 wrong usage.

mod args;
mod call;
mod commands;
mod config;
mod failover;
mod follow;
mod history;
mod ident;
mod import;
mod keyspaces;
mod nodes;
mod operations;
mod output;
mod switchover;
mod tls;
mod tokens;
mod view;
mod watch;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lictor: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
