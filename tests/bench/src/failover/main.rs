//! How long a failover takes, beside a hand-rolled one on an equal cluster in
//! the same run, in turn.
//!
//! Each round kills the primary of a bare cluster, which a minimal script fails
//! over with connections it already has, and then the primary of a cluster that
//! Lictor keeps. Both are measured from the kill to the first write that a
//! writer was acknowledged. At the end the primary of Lictor's cluster is
//! frozen a few times.

mod figures;
mod floor;
mod ours;

use anyhow::{Result, ensure};
use clap::Parser;
use lictor_bench::Phases;

use crate::figures::{Round, report};
use crate::floor::Floor;
use crate::ours::Ours;

/// Measures failovers of a killed and of a hung primary, beside a floor.
#[derive(Debug, Parser)]
#[command(name = "bench-failover", version)]
struct Args {
    /// How many primaries are killed on either side.
    #[arg(long, default_value_t = 10)]
    kills: usize,
    /// How many primaries are frozen.
    #[arg(long, default_value_t = 3)]
    hangs: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.kills > 0, "--kills must be at least 1");
    println!("starting two clusters of one primary and two replicas");
    let floor = Floor::start().await?;
    let ours = Ours::start().await?;
    let mut killed = vec![];
    let mut phases = Phases::default();
    for round in 1..=args.kills {
        let by_hand = floor.kill().await?;
        let by_lictor = ours.kill(&mut phases).await?;
        println!(
            "kill {round:>2}: by hand writable {:>5.1} ms, acked {:>5.1} ms; \
             Lictor writable {:>5.1} ms, acked {:>5.1} ms",
            by_hand.writable_ms, by_hand.acked_ms, by_lictor.writable_ms, by_lictor.acked_ms
        );
        killed.push((by_hand, by_lictor));
    }
    let mut hung: Vec<Round> = vec![];
    for round in 1..=args.hangs {
        let measured = ours.hang().await?;
        println!(
            "hang {round:>2}: writable {:>6.1} ms, acked {:>6.1} ms",
            measured.writable_ms, measured.acked_ms
        );
        hung.push(measured);
    }
    let lost = ours.lost_writes().await?;
    report(&killed, &hung, &phases, lost);
    Ok(())
}
