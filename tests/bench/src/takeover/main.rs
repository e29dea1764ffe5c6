//! How long it takes until another `lictord` can act when the leading one is
//! killed, and until writers work again when a primary dies with it.
//!
//! The floor of a round is what is left of the dead leader's leases, as the
//! others saw them just before: nobody may lead while one of them may be valid.
//! One that can act says that it leads with a complete routing table, and
//! accepts a change.

mod figures;
mod ours;

use anyhow::{Result, ensure};
use clap::Parser;
use lictor_bench::ms;

use crate::figures::report;
use crate::ours::Ours;

/// Measures how long a killed leader, alone and with a primary, is missed.
#[derive(Debug, Parser)]
#[command(name = "bench-takeover", version)]
struct Args {
    /// How often the leader is killed alone.
    #[arg(long, default_value_t = 10)]
    kills: usize,
    /// How often it is killed together with a primary.
    #[arg(long, default_value_t = 10)]
    with_primary: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(
        args.kills > 0 && args.with_primary > 0,
        "--kills and --with-primary must be at least 1"
    );
    println!("starting three lictord and a cluster of one primary and two replicas");
    let ours = Ours::start().await?;
    let mut takeovers = vec![];
    for round in 1..=args.kills {
        let takeover = ours.kill_leader().await?;
        println!(
            "leader {round:>2}: lease {:>6.1} ms, leads {:>6.1} ms, able to act {:>6.1} ms",
            ms(takeover.free),
            ms(takeover.leads),
            ms(takeover.able)
        );
        takeovers.push(takeover);
    }
    let mut with_primary = vec![];
    for round in 1..=args.with_primary {
        let missed = ours.kill_leader_and_primary().await?;
        println!(
            "leader and primary {round:>2}: able to act {:>6.1} ms, first acknowledged write \
             {:>6.1} ms",
            ms(missed.takeover.able),
            ms(missed.acked)
        );
        with_primary.push(missed);
    }
    let lost = ours.lost_writes().await?;
    report(&takeovers, &with_primary, lost);
    Ok(())
}
