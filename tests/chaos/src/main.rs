//! Chaos on real servers: a cluster that Lictor keeps, writers, and one random
//! fault after another. After each the cluster must become whole by itself, and
//! at the end the checker looks at every acknowledged write.
//!
//! The seed decides which faults come in which order and whom they hit; times
//! are those of the machine.

mod arena;
mod checker;
mod deck;
mod primacies;
mod stubborn;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use lictor_lab::networks_or_skip;
use serde_json::json;

use crate::arena::Arena;
use crate::checker::Findings;
use crate::deck::{Deck, Fault};

/// Injects random faults into a cluster that Lictor keeps, and checks that no
/// acknowledged write is lost.
#[derive(Debug, Parser)]
#[command(name = "chaos", version)]
struct Args {
    /// How many faults
    #[arg(long, default_value_t = 15)]
    faults: usize,
    /// Decides which faults come, in which order, and whom they hit
    #[arg(long, default_value_t = rand::random_range(0..1_000_000))]
    seed: u64,
    /// How many replicas the cluster has
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=8))]
    replicas: u8,
}

/// What a run has to show.
#[derive(Debug, Default)]
struct Score {
    /// Faults after which the cluster became whole.
    survived: usize,
    /// Longest time without an acknowledged write.
    longest_gap: Duration,
    findings: Findings,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let began = Instant::now();
    let mut score = Score::default();
    let ended = run(&args, began, &mut score).await;
    if let Err(error) = &ended {
        println!(
            "\nFAILED: {error:#}\nAgain: make chaos FAULTS={} SEED={}",
            args.faults, args.seed
        );
    }
    let Findings {
        acknowledged,
        lost,
        stale,
        epochs,
    } = score.findings;
    println!(
        "{}",
        json!({
            "chaos": if ended.is_ok() { "survived" } else { "failed" },
            "seed": args.seed,
            "faults": args.faults,
            "survived": score.survived,
            "acknowledged": acknowledged,
            "lost": lost,
            "stale": stale,
            "epochs": epochs,
            "longest_gap_ms": score.longest_gap.as_millis(),
            "seconds": began.elapsed().as_secs(),
        })
    );
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn run(args: &Args, began: Instant, score: &mut Score) -> Result<()> {
    let networked = networks_or_skip()?;
    if !networked {
        println!("Partitions are left out.");
    }
    println!(
        "Seed {}: {} faults on a cluster of 1 primary and {} replicas.",
        args.seed, args.faults, args.replicas
    );
    let arena = Arena::start(args.replicas, networked).await?;
    let logs = format!("the logs are in {}", arena.dir().display());
    let deck = Deck::shuffled(args.seed, networked);
    if let Err(error) = suffer_all(args, &arena, deck, began, score).await {
        arena.keep();
        return Err(error.context(logs));
    }
    score.findings = arena.check().await.context(logs)?;
    score.findings.verdict()
}

async fn suffer_all(
    args: &Args,
    arena: &Arena,
    mut deck: Deck,
    began: Instant,
    score: &mut Score,
) -> Result<()> {
    for number in 1..=args.faults {
        let fault = deck.deal();
        let told = tell(number, fault, arena, began, score).await;
        if let Err(error) = told {
            println!("{}", arena.story().await);
            return Err(error.context(format!("fault {number}, {fault}")));
        }
    }
    Ok(())
}

/// Does one fault and says what became of it.
async fn tell(
    number: usize,
    fault: Fault,
    arena: &Arena,
    began: Instant,
    score: &mut Score,
) -> Result<()> {
    print!("{:>6.1} s  #{number:<3} {fault}", seconds(began.elapsed()));
    let from = Instant::now();
    let outcome = arena.suffer(fault).await.inspect_err(|_| println!())?;
    let suffered = from.elapsed();
    let rebuilt = arena
        .recover()
        .await
        .inspect_err(|_| println!(": {outcome}"))?;
    let gap = arena.longest_gap(from);
    score.survived += 1;
    score.longest_gap = score.longest_gap.max(gap);
    println!(
        ": {outcome}; no write for {:.1} s; mended after {:.1} s, whole after {:.1} s{rebuilt}",
        seconds(gap),
        seconds(suffered),
        seconds(from.elapsed()),
    );
    Ok(())
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}
