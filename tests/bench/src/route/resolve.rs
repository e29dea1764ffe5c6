//! From a keyspace's name and a key to the shard, in the table that a client
//! holds: it is read through a cache, also while another thread replaces it.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use arc_swap::{ArcSwap, Cache};
use criterion::Bencher;
use lictor_domain::keyspace::{Bound, KeyRanges, Position, Ranges, Span};
use lictor_domain::{
    Function, HashAlgorithm, Key, KeyType, Keyspace, KeyspaceName, RoutingTable, Shard, Writes,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::measure::{Figure, Measure};

/// So many shards, whose ranges have random bounds.
const SHARDS: usize = 1024;
/// So many random keys, in turn.
const KEYS: usize = 4096;
const SEED: u64 = 1;
/// How often the table is replaced.
const PERIOD: Duration = Duration::from_micros(100);

pub(crate) fn figures(measure: &mut Measure) -> Result<Vec<Figure>> {
    let bench = Bench::new()?;
    let (ranges, hashes): (KeyspaceName, KeyspaceName) = ("ranges".parse()?, "hashes".parse()?);
    let mut figure = |what, key, run: &dyn Fn(&mut Bencher<'_>)| -> Result<Figure> {
        let median = measure.ns(key, run)?;
        Ok(Figure { what, key, median })
    };
    let calm = figure(
        "a keyspace and a key → its shard, of 1,024 ranges",
        "resolve_calm_ns",
        &|bencher| bench.resolve(bencher, &ranges),
    )?;
    let hash = figure(
        "the same, and the key is hashed",
        "resolve_hash_ns",
        &|bencher| bench.resolve(bencher, &hashes),
    )?;
    let (swapped, swaps) = bench.while_swapping(|| {
        figure(
            "as the first, while another thread replaces the table",
            "resolve_ns",
            &|bencher| bench.resolve(bencher, &ranges),
        )
    });
    let swapped = swapped?;
    ensure!(swaps > 0, "the table was never replaced");
    println!("the table was replaced {swaps} times meanwhile");
    Ok(vec![calm, hash, swapped])
}

struct Bench {
    table: ArcSwap<RoutingTable>,
    keys: Vec<u64>,
}

impl Bench {
    fn new() -> Result<Self> {
        let mut random = StdRng::seed_from_u64(SEED);
        let mut bounds: Vec<u64> = (1..SHARDS).map(|_| random.random()).collect();
        bounds.sort_unstable();
        let table = RoutingTable {
            keyspaces: [by_ranges(&bounds)?, by_hashes(&bounds)?]
                .map(|keyspace| (keyspace.name.clone(), Arc::new(keyspace)))
                .into(),
            ..RoutingTable::default()
        };
        Ok(Self {
            table: ArcSwap::from_pointee(table),
            keys: (0..KEYS).map(|_| random.random()).collect(),
        })
    }

    /// Each key depends on the shard before, so that a processor cannot resolve
    /// several at once.
    fn resolve(&self, bencher: &mut Bencher<'_>, keyspace: &KeyspaceName) {
        let mut table = Cache::new(&self.table);
        let mut keys = self.keys.iter().cycle();
        let mut held = 0;
        bencher.iter(|| {
            let key = keys.next().map_or(0, |key| key ^ held);
            let keyspace = table.load().keyspaces.get(black_box(keyspace));
            let shard = keyspace.and_then(|keyspace| keyspace.resolve(&Key::from(key)).ok());
            held = shard.map_or(2, |shard| u64::from(shard.writes == Writes::Held));
            held
        });
    }

    /// Runs while another thread replaces the table, again and again; says how
    /// often it did.
    fn while_swapping<T>(&self, run: impl FnOnce() -> T) -> (T, u64) {
        let done = AtomicBool::new(false);
        let other = RoutingTable::clone(&self.table.load());
        thread::scope(|scope| {
            let swaps = scope.spawn(|| {
                let mut table = Arc::new(other);
                let mut swaps = 0;
                while !done.load(Ordering::Relaxed) {
                    table = self.table.swap(table);
                    swaps += 1;
                    thread::sleep(PERIOD);
                }
                swaps
            });
            let outcome = run();
            done.store(true, Ordering::Relaxed);
            (outcome, swaps.join().unwrap_or_default())
        })
    }
}

fn by_ranges(bounds: &[u64]) -> Result<Keyspace> {
    let ranges = Ranges::new(shards(bounds)?)?;
    Ok(Keyspace {
        name: "ranges".parse()?,
        function: Function::Range(KeyRanges::Unsigned(ranges)),
    })
}

fn by_hashes(bounds: &[u64]) -> Result<Keyspace> {
    let bounds: Vec<Position> = bounds.iter().copied().map(Position).collect();
    Ok(Keyspace {
        name: "hashes".parse()?,
        function: Function::Hash {
            algorithm: HashAlgorithm::default(),
            key: KeyType::Unsigned,
            ranges: Ranges::new(shards(&bounds)?)?,
        },
    })
}

/// A shard for each range between these bounds.
fn shards<B: Bound>(bounds: &[B]) -> Result<Vec<(Shard, Span<B>)>> {
    let begins = std::iter::once(None).chain(bounds.iter().cloned().map(Some));
    let ends = bounds.iter().cloned().map(Some).chain([None]);
    let shards = begins.zip(ends).enumerate().map(|(at, (from, below))| {
        let shard = Shard {
            name: format!("s{at}").parse()?,
            cluster: "orders".parse().context("a cluster's name")?,
            writes: Writes::Serving,
        };
        Ok((shard, Span::new(from, below)))
    });
    shards.collect()
}
