//! The figures: a table for people, and one line of JSON with the same.

use std::time::Duration;

use anyhow::{Context, Result};
use comfy_table::{Table, presets};
use lictor_bench::{Spread, ms};
use serde_json::json;

use crate::load::Crowd;
use crate::rival::Rival;

/// What was measured of one crowd.
#[derive(Default)]
pub(crate) struct Figures {
    /// From the change to each one who had it, in milliseconds, over all changes.
    late_ms: Vec<f64>,
    /// Processor time of lictord for a change, all acknowledgements included.
    pub(crate) cpu_ms_per_change: Option<f64>,
    /// Memory of lictord for each.
    pub(crate) kb_each: Option<f64>,
}

impl Figures {
    /// Adds a change: microseconds until each one had it.
    pub(crate) fn note(&mut self, late_us: impl Iterator<Item = u64>) {
        self.late_ms
            .extend(late_us.map(|late| ms(Duration::from_micros(late))));
        self.late_ms.sort_by(f64::total_cmp);
    }

    /// The smallest time within which so many of a hundred had a change.
    fn within(&self, percent: usize) -> Option<f64> {
        let at = (self.late_ms.len() * percent).div_ceil(100);
        self.late_ms.get(at.saturating_sub(1)).copied()
    }

    fn row(&self, what: String) -> Vec<String> {
        let shown = |figure: Option<f64>| figure.map_or("–".to_owned(), |it| format!("{it:.1}"));
        vec![
            what,
            shown(self.within(50)),
            shown(self.within(99)),
            shown(self.within(100)),
            shown(self.cpu_ms_per_change),
            shown(self.kb_each),
        ]
    }
}

/// Everything.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) lictor: Vec<(Crowd, Figures)>,
    pub(crate) consul: Option<Rival>,
}

impl Report {
    /// Prints it; the last line is the JSON.
    pub(crate) fn print(&self) -> Result<()> {
        let consul = self.consul.as_ref().context("Consul was not measured")?;
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_header([
            "one change, until all have it",
            "p50 ms",
            "p99 ms",
            "max ms",
            "lictord's CPU ms",
            "lictord's KB each",
        ]);
        for (crowd, figures) in &self.lictor {
            let Crowd {
                streams,
                connections,
            } = crowd;
            table.add_row(figures.row(format!(
                "Lictor: {streams} subscribers on {connections} connections"
            )));
        }
        let what = "Consul: 1000 blocking queries on one service";
        table.add_row(consul.figures.row(what.to_owned()));
        println!("{table}");
        if let Some(writes) = Spread::of(consul.writes_ms.iter().copied()) {
            println!(
                "Consul's catalog write alone takes {:.1} ms (median) of that",
                writes.median
            );
        }
        let of = |streams, connections| {
            let crowd = Crowd {
                streams,
                connections,
            };
            let found = self.lictor.iter().find(|(one, _)| *one == crowd);
            found
                .map(|(_, figures)| figures)
                .context("a part is missing")
        };
        let (small, own, shared) = (of(1000, 1000)?, of(10_000, 10_000)?, of(10_000, 100)?);
        let (p99, consul_p99) = (small.within(99), consul.figures.within(99));
        let ratio = consul_p99.zip(p99).map(|(consul, ours)| consul / ours);
        let rounded = |figure: Option<f64>| figure.map(|it| (it * 10.0).round() / 10.0);
        let json = json!({
            "bench": "push",
            "p99_1000_ms": rounded(p99),
            "consul_p99_1000_ms": rounded(consul_p99),
            "ratio_1000": rounded(ratio),
            "p99_10000_ms": rounded(own.within(99)),
            "rss_per_subscriber_kb": rounded(own.kb_each),
            "p99_10000_mux_ms": rounded(shared.within(99)),
            "rss_per_subscriber_mux_kb": rounded(shared.kb_each),
            "cpu_ms_per_change_10000": rounded(own.cpu_ms_per_change),
            "cpu_ms_per_change_10000_mux": rounded(shared.cpu_ms_per_change),
        });
        println!("{json}");
        Ok(())
    }
}
