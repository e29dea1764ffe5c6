//! How long a switchover keeps writers from writing, beside a hand-rolled one on
//! an equal cluster in the same run, in turn.
//!
//! On either side writers are at work during its turn. Measured is the longest
//! time in which none of them was acknowledged a write, from the order until all
//! is settled.

mod figures;
mod floor;
mod ours;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::figures::report;
use crate::floor::Floor;
use crate::ours::Ours;

/// Writers at work on either side.
const WRITERS: u64 = 4;

/// Measures the write gap of switchovers, beside a floor.
#[derive(Debug, Parser)]
#[command(name = "bench-switchover", version)]
struct Args {
    /// How many switchovers on either side.
    #[arg(long, default_value_t = 20)]
    switchovers: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.switchovers > 0, "--switchovers must be at least 1");
    println!("starting two clusters of one primary and two replicas");
    let floor = Floor::start().await?;
    let mut ours = Ours::start().await?;
    let mut rounds = vec![];
    for round in 1..=args.switchovers {
        let by_hand = floor.switch().await?;
        let by_lictor = ours.switch().await?;
        println!(
            "switchover {round:>2}: by hand {by_hand:>6.1} ms without a write, Lictor {:>6.1} ms",
            by_lictor.gap_ms
        );
        rounds.push((by_hand, by_lictor));
    }
    report(&rounds, ours.errors(), ours.lost_writes().await?);
    Ok(())
}
