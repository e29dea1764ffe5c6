//! The figures: a table for people, and one line of JSON with the same.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{Table, presets};
use lictor_bench::{Spread, json_or_null};
use serde_json::{Value, json};

use crate::ours::Round;

/// The order in which a switchover goes through its phases.
const PHASES: [&str; 7] = [
    "prepare", "hold", "close", "catch_up", "promote", "publish", "repoint",
];

/// Prints everything; the last line is the JSON.
pub(crate) fn report(rounds: &[(f64, Round)], errors: Vec<String>, lost: usize) {
    let floor = Spread::of(rounds.iter().map(|(by_hand, _)| *by_hand));
    let lictor = Spread::of(rounds.iter().map(|(_, round)| round.gap_ms));
    let ratio = floor
        .zip(lictor)
        .map(|(floor, lictor)| lictor.median / floor.median);
    let phase = |name: &str| {
        let each = rounds.iter().map(|(_, round)| round.phases_ms.get(name));
        Spread::of(each.flatten().copied())
    };

    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(["ms", "min", "median", "max"]);
    let gaps = [
        ("by hand: without a write".to_owned(), floor),
        ("Lictor: without a write".to_owned(), lictor),
    ];
    let phases = PHASES.map(|name| (format!("Lictor: {}", name.replace('_', " ")), phase(name)));
    for (what, spread) in gaps.into_iter().chain(phases) {
        let Some(spread) = spread else { continue };
        let figure = |figure: f64| format!("{figure:.1}");
        table.add_row([
            what,
            figure(spread.min),
            figure(spread.median),
            figure(spread.max),
        ]);
    }
    println!("{table}");
    println!("prepare comes before the hold; publish and repoint run beside the first writes");
    let count = errors.len();
    for error in BTreeSet::from_iter(errors) {
        println!("a writer was told: {error}");
    }
    if let Some(ratio) = ratio {
        println!("Lictor takes {ratio:.2} × the floor; errors: {count}; writes lost: {lost}");
    }
    let phases: BTreeMap<&str, Value> = PHASES
        .iter()
        .map(|name| (*name, json_or_null(phase(name))))
        .collect();
    let json = json!({
        "bench": "switchover",
        "switchovers": rounds.len(),
        "floor_ms": json_or_null(floor),
        "lictor_ms": json_or_null(lictor),
        "ratio": ratio.map(|ratio| (ratio * 1000.0).round() / 1000.0),
        "errors": count,
        "lost_acked": lost,
        "phases_ms": phases,
    });
    println!("{json}");
}
