//! What other tools are configured with, as a draft to review.
//!
//! Law: nothing is dropped silently. Whatever a source says is in the draft, or
//! a note says what became of it and why. A password is in neither. A draft from
//! here is whole beside the clusters that are registered, once what its notes ask
//! for is done.

pub mod mha;
pub mod orchestrator;
pub mod proxysql;
#[cfg(test)]
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lictor_domain::config::Draft;
use lictor_domain::names::{ClusterName, NodeAddress};
use serde::Serialize;

use crate::error::DocumentError;
use crate::write::write_below;

/// No source is larger, in bytes.
pub const MAX_SOURCE_BYTES: usize = 16 << 20;

/// A draft made of another tool's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The draft.
    pub draft: Draft,
    /// What became of everything.
    pub notes: Vec<Note>,
}

impl Import {
    /// The draft as a document, with the notes as comments above it.
    #[must_use]
    pub fn document(&self) -> String {
        let mut notes = String::from("#\n");
        for note in &self.notes {
            // What a note quotes may have line breaks.
            for (at, line) in note.to_string().lines().enumerate() {
                notes.push_str(if at == 0 { "# - " } else { "#   " });
                notes.push_str(line);
                notes.push('\n');
            }
        }
        write_below(&self.draft, &notes)
    }
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is in the draft and means the same.
    Taken,
    /// It is in the draft, and means something else in some way.
    Changed,
    /// It is not in the draft.
    LeftOut,
    /// Something is to be done before the draft can be applied.
    ToDo,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "taken",
            Self::Changed => "changed",
            Self::LeftOut => "left out",
            Self::ToDo => "to do",
        })
    }
}

/// What became of something, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What became of it.
    pub fate: Fate,
    /// What it is, in the words of its source.
    pub about: String,
    /// How it was taken, or why not.
    pub sentence: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.fate, self.about, self.sentence)
    }
}

/// The clusters that are known by name, and where their nodes listen.
pub type Clusters = BTreeMap<ClusterName, BTreeSet<NodeAddress>>;

/// Notes as they come up.
#[derive(Debug, Default)]
struct Notes(Vec<Note>);

impl Notes {
    fn add(&mut self, fate: Fate, about: impl Into<String>, sentence: impl Into<String>) {
        self.0.push(Note {
            fate,
            about: about.into(),
            sentence: sentence.into(),
        });
    }

    fn taken(&mut self, about: impl Into<String>, sentence: impl Into<String>) {
        self.add(Fate::Taken, about, sentence);
    }

    fn changed(&mut self, about: impl Into<String>, sentence: impl Into<String>) {
        self.add(Fate::Changed, about, sentence);
    }

    fn left_out(&mut self, about: impl Into<String>, sentence: impl Into<String>) {
        self.add(Fate::LeftOut, about, sentence);
    }

    fn ask(&mut self, about: impl Into<String>, sentence: impl Into<String>) {
        self.add(Fate::ToDo, about, sentence);
    }

    /// A cluster that the draft names has to be registered first, and what the
    /// draft says of it replaces what is.
    fn register(&mut self, cluster: &ClusterName, seed: &str) {
        self.ask(
            format!("cluster {cluster}"),
            format!(
                "unless it is registered already, register it before the document is applied: \
                 `lictor cluster add {cluster} --seed {seed}`; what the document does not take \
                 from elsewhere is the default, and replaces what a registered cluster has"
            ),
        );
    }

    fn with(self, draft: Draft) -> Import {
        Import {
            draft,
            notes: self.0,
        }
    }
}

/// Refuses a source that is too large.
fn bounded(text: &str, name: &str) -> Result<(), DocumentError> {
    if text.len() <= MAX_SOURCE_BYTES {
        return Ok(());
    }
    Err(DocumentError::TooLarge {
        document: name.to_owned(),
        found: text.len(),
        max: MAX_SOURCE_BYTES,
    })
}

/// A text as a DNS label: `Orders EU` as `orders-eu`; `None` if little is left.
fn label(text: &str) -> Option<String> {
    let mut label = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            label.push(c);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    label.truncate(48);
    let label = label.trim_end_matches('-');
    label
        .starts_with(|c: char| c.is_ascii_lowercase())
        .then(|| label.to_owned())
}

/// A text, shortened where an error shows it.
fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `1 server`, `2 servers`.
fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Things one after the other: `a, b, c`.
fn list<T: fmt::Display>(things: impl IntoIterator<Item = T>) -> String {
    let things: Vec<_> = things.into_iter().map(|thing| thing.to_string()).collect();
    things.join(", ")
}
