//! Runs the simulation over many seeds, or tells one of them.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use lictor_sim::scenario::Scenario;
use lictor_sim::shrink::shrink;
use lictor_sim::soak::{Soaked, soak};
use lictor_sim::transcript::Stamp;
use lictor_sim::{Ending, Flaw, run, tell};

/// Seeded simulation of failover in virtual time.
#[derive(Debug, Parser)]
#[command(name = "sim", version)]
struct Args {
    /// How many seeds to run.
    #[arg(long, default_value_t = 5_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Tell one seed only; one that breaks, with no more troubles than it needs.
    #[arg(long)]
    seed: Option<u64>,
    /// Tell the seed with all its troubles.
    #[arg(long, requires = "seed")]
    whole: bool,
    /// Go on after a breach, and count.
    #[arg(long)]
    count: bool,
    /// What is done wrong.
    #[arg(long, value_enum, default_value_t = Flaw::None)]
    flaw: Flaw,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.seed {
        Some(seed) => tell_one(seed, args.flaw, args.whole),
        None => run_many(&args),
    }
}

fn run_many(args: &Args) -> ExitCode {
    let step = (args.seeds / 50).clamp(100, 5_000);
    let began = Instant::now();
    let progress = |done: u64| {
        if done.is_multiple_of(step) {
            let took = began.elapsed().as_secs();
            eprintln!("{done} of {} seeds, {took} s", args.seeds);
        }
    };
    let seeds = args.from..args.from + args.seeds;
    let soaked = soak(seeds, args.flaw, |_| !args.count, progress);
    if let (Some((seed, _)), false) = (soaked.broken.first(), args.count) {
        return tell_one(*seed, args.flaw, false);
    }
    report(&soaked);
    if soaked.broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn report(soaked: &Soaked) {
    println!(
        "{} seeds: {} primacies, {} acknowledged writes; what was put to the test:",
        soaked.seeds, soaked.primacies, soaked.acknowledged
    );
    print!("{}", soaked.premises);
    let mut broken: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (seed, breach) in &soaked.broken {
        broken.entry(breach.invariant).or_default().push(*seed);
    }
    for (invariant, seeds) in &broken {
        let first: Vec<_> = seeds.iter().take(12).collect();
        let count = seeds.len();
        println!("{invariant}: broken by {count} seeds, first {first:?}");
    }
}

fn tell_one(seed: u64, flaw: Flaw, whole: bool) -> ExitCode {
    let full = Scenario::of(seed);
    let broke = run(&full, flaw).breach;
    let told = match shrink(&full, flaw) {
        Some(shortest) if !whole => shortest,
        _ => full.clone(),
    };
    let ending = tell(&told, flaw);
    for line in ending.transcript.lines() {
        println!("{line}");
    }
    println!();
    println!(
        "Troubles, {} of {}:",
        told.troubles.len(),
        full.troubles.len()
    );
    for trouble in &told.troubles {
        println!("{trouble}");
    }
    conclude(&ending);
    if broke.is_none() {
        return ExitCode::SUCCESS;
    }
    println!("tell it again with: sim --seed {seed}, or sim --seed {seed} --whole");
    ExitCode::FAILURE
}

fn conclude(ending: &Ending) {
    let (seed, at) = (ending.seed, Stamp(ending.at));
    match &ending.breach {
        None => println!("seed {seed} ended well at {at}"),
        Some(breach) => println!("seed {seed} broke at {at}: {breach}"),
    }
}
