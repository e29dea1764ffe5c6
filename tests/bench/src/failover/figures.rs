//! The figures: a table for people, and one line of JSON with the same.

use lictor_bench::{Phases, Spread, json_or_null, table};
use serde_json::json;

/// The hang threshold of the profile `fast`, in milliseconds.
pub(crate) const THRESHOLD_MS: f64 = 1000.0;

/// One failover, in milliseconds since the fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Until the new primary accepted writes.
    pub(crate) writable_ms: f64,
    /// Until a writer got its first acknowledgement.
    pub(crate) acked_ms: f64,
}

/// Prints everything; the last line is the JSON.
pub(crate) fn report(killed: &[(Round, Round)], hung: &[Round], phases: &Phases, lost: usize) {
    let by_hand = || killed.iter().map(|(by_hand, _)| by_hand);
    let by_lictor = || killed.iter().map(|(_, by_lictor)| by_lictor);
    let floor = Spread::of(by_hand().map(|round| round.acked_ms));
    let lictor = Spread::of(by_lictor().map(|round| round.acked_ms));
    let floor_writable = Spread::of(by_hand().map(|round| round.writable_ms));
    let lictor_writable = Spread::of(by_lictor().map(|round| round.writable_ms));
    let over = Spread::of(hung.iter().map(|round| round.acked_ms - THRESHOLD_MS));
    let ratio = floor
        .zip(lictor)
        .map(|(floor, lictor)| lictor.median / floor.median);
    let figures = table([
        ("killed, by hand: writable", floor_writable),
        ("killed, by hand: first acknowledged write", floor),
        ("killed, Lictor: writable", lictor_writable),
        ("killed, Lictor: first acknowledged write", lictor),
        ("frozen, Lictor: first acknowledged write, over 1 s", over),
    ]);
    println!("{figures}");
    println!("Where Lictor's time went after a kill; phases overlap where steps run side by side:");
    println!("{}", phases.table());
    if let Some(ratio) = ratio {
        println!("Lictor takes {ratio:.2} × the floor; acknowledged writes lost: {lost}");
    }
    let json = json!({
        "bench": "failover",
        "kills": killed.len(),
        "hangs": hung.len(),
        "floor_ms": json_or_null(floor),
        "lictor_ms": json_or_null(lictor),
        "floor_writable_ms": json_or_null(floor_writable),
        "lictor_writable_ms": json_or_null(lictor_writable),
        "phases_ms": phases.json(),
        "ratio": ratio.map(|ratio| (ratio * 1000.0).round() / 1000.0),
        "lost_acked": lost,
        "hang_over_threshold_ms": json_or_null(over),
    });
    println!("{json}");
}
