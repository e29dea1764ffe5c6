//! What it costs a client to find out where a statement goes. It needs no
//! server.

mod measure;
mod resolve;
mod rules;

use anyhow::Result;
use comfy_table::{Table, presets};
use serde_json::{Map, Value};

use crate::measure::{Figure, Measure};

fn main() -> Result<()> {
    let mut measure = Measure::new()?;
    let mut figures = resolve::figures(&mut measure)?;
    figures.extend(rules::figures(&mut measure)?);
    report(&figures);
    Ok(())
}

/// Prints everything; the last line is the JSON.
fn report(figures: &[Figure]) {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "", "median"]);
    let mut json = Map::new();
    json.insert("bench".to_owned(), "route".into());
    for Figure { what, key, median } in figures {
        let rounded = (median * 100.0).round() / 100.0;
        table.add_row([*key, *what, &rounded.to_string()]);
        json.insert((*key).to_owned(), rounded.into());
    }
    println!("{table}");
    println!("{}", Value::Object(json));
}
