//! Runs the simulation over many seeds, or tells one of them.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;
use lictor_sim::transcript::Stamp;
use lictor_sim::{Ending, Flaw};

/// Seeded simulation of failover in virtual time.
#[derive(Debug, Parser)]
#[command(name = "sim", version)]
struct Args {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One seed only.
    #[arg(long)]
    seed: Option<u64>,
    /// Tell everything that happens.
    #[arg(long)]
    verbose: bool,
    /// Go on after a breach, and count.
    #[arg(long)]
    count: bool,
    /// What is done wrong.
    #[arg(long, value_enum, default_value_t = Flaw::None)]
    flaw: Flaw,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seeds = match args.seed {
        Some(seed) => seed..seed + 1,
        None => args.from..args.from + args.seeds,
    };
    let (mut primacies, mut acknowledged, mut ran) = (0, 0, 0u64);
    let mut broken: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for seed in seeds {
        let ending = if args.verbose {
            lictor_sim::tell(seed, args.flaw)
        } else {
            lictor_sim::run(seed, args.flaw)
        };
        ran += 1;
        primacies += ending.primacies;
        acknowledged += ending.acknowledged;
        if args.verbose {
            print(&ending);
        }
        if let Some(breach) = &ending.breach {
            if args.count {
                broken.entry(breach.invariant).or_default().push(seed);
                continue;
            }
            if !args.verbose {
                print(&lictor_sim::tell(seed, args.flaw));
            }
            return ExitCode::FAILURE;
        }
    }
    println!("{ran} seeds: {primacies} primacies, {acknowledged} acknowledged writes");
    for (invariant, seeds) in &broken {
        let first: Vec<_> = seeds.iter().take(12).collect();
        println!(
            "{invariant}: broken by {} seeds, first {first:?}",
            seeds.len()
        );
    }
    if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print(ending: &Ending) {
    for line in ending.transcript.lines() {
        println!("{line}");
    }
    match &ending.breach {
        None => println!("seed {} ended well at {}", ending.seed, Stamp(ending.at)),
        Some(breach) => println!(
            "seed {} broke at {}: {breach}\ntell it again with: sim --seed {} --verbose",
            ending.seed,
            Stamp(ending.at),
            ending.seed
        ),
    }
}
