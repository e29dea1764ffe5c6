//! How long it takes until every subscriber has a change of the routing table,
//! beside as many blocking queries of Consul as people have today.
//!
//! A real `lictord` keeps a real cluster. A change is an operator who takes a
//! replica out of the read pool, or puts it back. The subscribers are one lean
//! process on the same cores: each speaks HTTP/2 and gRPC, says hello, and
//! acknowledges what it is sent.
//!
//! The clock starts when lictord begins to publish: the time of its log line
//! "route published", less the time that took, which the line tells. It stops for
//! each subscriber when the process has read the bytes. For Consul it starts when
//! the catalog write is sent and stops when the answer of a query has been read;
//! the write alone is shown beside it.

mod figures;
mod load;
mod ours;
mod peer;
mod process;
mod query;
mod rival;
mod subscriber;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};

use crate::figures::Report;
use crate::load::Crowd;
use crate::ours::Ours;
use crate::rival::Rival;

/// Measures the routing push, beside blocking queries of Consul.
#[derive(Debug, Parser)]
#[command(name = "bench-push", version)]
struct Args {
    /// How many changes in each part.
    #[arg(long, default_value_t = 30)]
    changes: u32,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The load: started by the benchmark itself.
    #[command(hide = true)]
    Load {
        #[arg(long)]
        server: SocketAddr,
        #[arg(long)]
        streams: u32,
        #[arg(long)]
        connections: u32,
        /// Where the token of subscribers is; without it, blocking queries.
        #[arg(long)]
        token_file: Option<PathBuf>,
    },
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(Part::Load {
        server,
        streams,
        connections,
        token_file,
    }) = args.part
    {
        return load::run(server, streams, connections, token_file.as_deref());
    }
    ensure!(args.changes > 0, "--changes must be at least 1");
    tokio::runtime::Runtime::new()?.block_on(measure(args.changes))
}

async fn measure(changes: u32) -> Result<()> {
    println!("starting lictord, Consul, Postgres and a cluster of one primary and one replica");
    let ours = Ours::start().await?;
    let mut report = Report::default();
    for (streams, connections) in [(1000, 1000), (10_000, 10_000), (10_000, 100)] {
        let crowd = Crowd {
            streams,
            connections,
        };
        println!("{streams} subscribers on {connections} connections: {changes} changes");
        report
            .lictor
            .push((crowd, ours.measure(crowd, changes).await?));
    }
    println!("1000 blocking queries of Consul on one service: {changes} changes");
    report.consul = Some(Rival::measure(ours.lab(), 1000, changes).await?);
    report.print()
}
