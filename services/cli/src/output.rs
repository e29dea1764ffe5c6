//! How answers look: formats, colours, tables, and units as people read them.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, Table, presets};
use serde::Serialize;

use crate::args::Format;

/// An answer to show.
pub(crate) trait View: Serialize {
    /// It as text for people, without a newline at the end.
    fn text(&self, paint: Paint) -> String;
}

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    Plain,
    Good,
    Doubtful,
    Bad,
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Colours on a terminal, unless `NO_COLOR` is set.
    pub(crate) fn for_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(io::stdout().is_terminal() && !unwanted)
    }

    #[cfg(test)]
    pub(crate) const fn off() -> Self {
        Self(false)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(text, Style::new().bold())
    }

    pub(crate) fn tone(self, text: &str, tone: Tone) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Good => self.styled(text, AnsiColor::Green.on_default()),
            Tone::Doubtful => self.styled(text, AnsiColor::Yellow.on_default()),
            Tone::Bad => self.styled(text, AnsiColor::Red.on_default()),
        }
    }

    fn styled(self, text: &str, style: Style) -> String {
        if self.0 {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// A table without lines; no line ends in spaces.
    pub(crate) fn table(
        self,
        header: &[&str],
        rows: impl IntoIterator<Item = Vec<(String, Tone)>>,
    ) -> String {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        if self.0 {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let bold = |title: &&str| Cell::new(title).add_attribute(Attribute::Bold);
        table.set_header(header.iter().map(bold));
        for row in rows {
            table.add_row(row.into_iter().map(|(text, tone)| cell(&text, tone)));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.trim_fmt()
    }
}

fn cell(text: &str, tone: Tone) -> Cell {
    let cell = Cell::new(text);
    match tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(Color::Green),
        Tone::Doubtful => cell.fg(Color::Yellow),
        Tone::Bad => cell.fg(Color::Red),
    }
}

/// A cell without colour.
pub(crate) fn plain(text: impl Into<String>) -> (String, Tone) {
    (text.into(), Tone::Plain)
}

/// Shows an answer.
pub(crate) fn show(view: &impl View, format: Format) -> anyhow::Result<()> {
    let text = match format {
        Format::Table => view.text(Paint::for_stdout()),
        Format::Json => serde_json::to_string_pretty(view)?,
        Format::Yaml => serde_norway::to_string(view)?.trim_end().to_owned(),
    };
    say(&text)
}

/// Tells people something before the answer; programs only read the answer.
pub(crate) fn tell(view: &impl View, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Table => show(view, format),
        Format::Json | Format::Yaml => Ok(()),
    }
}

/// Shows one item of a stream.
pub(crate) fn show_item(item: &impl View, format: Format) -> anyhow::Result<()> {
    let text = match format {
        Format::Table => item.text(Paint::for_stdout()),
        Format::Json => serde_json::to_string(item)?,
        Format::Yaml => format!("---\n{}", serde_norway::to_string(item)?.trim_end()),
    };
    say(&text)
}

/// Writes a line. A reader that went away is an error, not a panic.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// How long something took, in microseconds, as people read it: `<0.1 ms`,
/// `84.2 ms`, `12.3 s`.
pub(crate) fn time(us: u64) -> String {
    match us {
        0..50 => "<0.1 ms".to_owned(),
        50..9_999_950 => moment(us),
        _ => format!("{} s", tenths(us, 1_000_000)),
    }
}

/// A moment, in microseconds since another, as people read it: `84.2 ms`.
pub(crate) fn moment(us: u64) -> String {
    format!("{} ms", tenths(us, 1_000))
}

fn tenths(us: u64, unit: u64) -> String {
    let tenths = us.saturating_add(unit / 20) / (unit / 10);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// What is there, or a dash.
pub(crate) fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

/// A number of things: `1 node`, `2 nodes`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_decimal() {
        for (us, text) in [
            (0, "<0.1 ms"),
            (49, "<0.1 ms"),
            (50, "0.1 ms"),
            (420, "0.4 ms"),
            (999, "1.0 ms"),
            (84_230, "84.2 ms"),
            (3_000_000, "3000.0 ms"),
            (9_999_949, "9999.9 ms"),
            (12_345_678, "12.3 s"),
        ] {
            assert_eq!(time(us), text);
        }
    }

    #[test]
    fn a_table_has_no_colours_and_no_trailing_spaces_when_it_is_not_for_a_terminal() {
        let rows = vec![
            vec![plain("orders"), ("critical".to_owned(), Tone::Bad)],
            vec![plain("u"), ("ok".to_owned(), Tone::Good)],
        ];
        assert_eq!(
            Paint::off().table(&["NAME", "HEALTH"], rows),
            "NAME    HEALTH\norders  critical\nu       ok"
        );
    }

    #[test]
    fn a_terminal_gets_colours() {
        let red = Paint(true).tone("critical", Tone::Bad);
        assert_eq!(red, "\u{1b}[31mcritical\u{1b}[0m");
    }
}
