//! Figures of many rounds.

use std::time::Duration;

use comfy_table::{Table, presets};
use serde_json::{Value, json};

/// Minimum, median and maximum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle one, or between the middle two.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of any number of figures; `None` of none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
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

    /// Rounded to a tenth.
    #[must_use]
    pub fn json(self) -> Value {
        let rounded = |figure: f64| (figure * 10.0).round() / 10.0;
        json!({
            "min": rounded(self.min),
            "median": rounded(self.median),
            "max": rounded(self.max),
        })
    }
}

/// In milliseconds.
#[must_use]
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// `null` where nothing was measured.
#[must_use]
pub fn json_or_null(spread: Option<Spread>) -> Value {
    spread.map_or(Value::Null, Spread::json)
}

/// A table of figures in milliseconds; what was not measured is left out.
pub fn table<'a>(rows: impl IntoIterator<Item = (&'a str, Option<Spread>)>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(["ms", "min", "median", "max"]);
    for (what, spread) in rows {
        let Some(spread) = spread else { continue };
        let figure = |figure: f64| format!("{figure:.1}");
        table.add_row([
            what.to_owned(),
            figure(spread.min),
            figure(spread.median),
            figure(spread.max),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.5, 4.0));
        assert!(Spread::of([]).is_none());
    }
}
