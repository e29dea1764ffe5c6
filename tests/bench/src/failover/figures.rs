//! The figures: a table for people, and one line of JSON with the same.

use comfy_table::{Table, presets};
use serde_json::{Value, json};

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

/// Minimum, median and maximum.
#[derive(Clone, Copy, Debug)]
struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let upper = *figures.get(middle)?;
        let median = if figures.len() % 2 == 1 {
            upper
        } else {
            f64::midpoint(figures[middle - 1], upper)
        };
        Some(Self {
            min: *figures.first()?,
            median,
            max: *figures.last()?,
        })
    }

    fn json(self) -> Value {
        let rounded = |figure: f64| (figure * 10.0).round() / 10.0;
        json!({
            "min": rounded(self.min),
            "median": rounded(self.median),
            "max": rounded(self.max),
        })
    }
}

fn json_or_null(spread: Option<Spread>) -> Value {
    spread.map_or(Value::Null, Spread::json)
}

/// Prints everything; the last line is the JSON.
pub(crate) fn report(killed: &[(Round, Round)], hung: &[Round], lost: usize) {
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

    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(["ms", "min", "median", "max"]);
    for (what, spread) in [
        ("killed, by hand: writable", floor_writable),
        ("killed, by hand: first acknowledged write", floor),
        ("killed, Lictor: writable", lictor_writable),
        ("killed, Lictor: first acknowledged write", lictor),
        ("frozen, Lictor: first acknowledged write, over 1 s", over),
    ] {
        let Some(spread) = spread else { continue };
        let figure = |figure: f64| format!("{figure:.1}");
        table.add_row([
            what.to_owned(),
            figure(spread.min),
            figure(spread.median),
            figure(spread.max),
        ]);
    }
    println!("{table}");
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
        "ratio": ratio.map(|ratio| (ratio * 1000.0).round() / 1000.0),
        "lost_acked": lost,
        "hang_over_threshold_ms": json_or_null(over),
    });
    println!("{json}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0].into_iter()).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.5, 4.0));
        assert!(Spread::of(std::iter::empty()).is_none());
    }
}
