//! Values as they are typed: each is read whole, or refused with a word on how it
//! is written.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use humantime::format_duration;
use lictor_wire::domain::cluster::LONGEST_EXCEPTION;
use lictor_wire::domain::{
    AvailabilityPercent, Budget, Durability, NodeName, OnStarved, Order, PromotionRule, Token,
};

/// Whom a node is to follow; nobody by name for the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source(pub(crate) Option<NodeName>);

/// Something promised, or nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise<T> {
    /// Nothing.
    None,
    /// This.
    Kept(T),
}

impl<T> Promise<T> {
    /// What is promised.
    pub(super) fn kept(self) -> Option<T> {
        match self {
            Self::None => None,
            Self::Kept(value) => Some(value),
        }
    }
}

pub(super) fn objective_percent(text: &str) -> Result<Promise<AvailabilityPercent>, String> {
    if text == "none" {
        return Ok(Promise::None);
    }
    let percent: f64 = text
        .trim_end_matches('%')
        .parse()
        .map_err(|_| "use a percentage such as 99.95, or none".to_owned())?;
    let percent = percent.try_into();
    percent
        .map(Promise::Kept)
        .map_err(|error| format!("{error}"))
}

pub(super) fn objective_time(text: &str) -> Result<Promise<u64>, String> {
    if text == "none" {
        return Ok(Promise::None);
    }
    let time = duration(text)?;
    if time.subsec_nanos() != 0 {
        return Err("use whole seconds, or none".to_owned());
    }
    Ok(Promise::Kept(time.as_secs()))
}

pub(super) fn source(text: &str) -> Result<Source, String> {
    if text == "primary" {
        return Ok(Source(None));
    }
    let name = text.parse().map_err(|error| format!("{error}"))?;
    Ok(Source(Some(name)))
}

pub(super) fn words<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(move |value| word(*value))).try_map(move |text| {
        let found = all.iter().copied().find(|value| word(*value) == text);
        found.ok_or("not one of the possible values")
    })
}

pub(super) const fn promotion_rule(rule: PromotionRule) -> &'static str {
    match rule {
        PromotionRule::MustNot => "must-not",
        PromotionRule::PreferNot => "prefer-not",
        PromotionRule::Neutral => "neutral",
        PromotionRule::Prefer => "prefer",
    }
}

pub(super) fn on_off() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|text| text == "on")
}

pub(super) fn durability(text: &str) -> Result<Durability, String> {
    let read = lictor_view::read_durability(text);
    read.ok_or_else(|| "use async, semi-sync or semi-sync:N with N of at least 1".to_owned())
}

pub(super) fn on_starved(text: &str) -> Result<OnStarved, String> {
    let read = lictor_view::read_on_starved(text);
    read.ok_or_else(|| "use wait or loosen:N/TIME, such as loosen:0/5s".to_owned())
}

pub(super) fn budget(text: &str) -> Result<Budget, String> {
    let (failovers, window) = text.split_once('/').unwrap_or((text, ""));
    match (failovers.parse(), whole_seconds(window)) {
        (Ok(failovers), Ok(window_secs)) if failovers > 0 => Ok(Budget {
            failovers,
            window_secs,
        }),
        _ => Err("use N/TIME with N of at least 1, such as 3/10m".to_owned()),
    }
}

/// For how long writes may be paused.
pub(super) fn pause(text: &str) -> Result<Duration, String> {
    let (pause, pauses) = (duration(text)?, Order::PAUSES);
    if pauses.contains(&pause) {
        return Ok(pause);
    }
    let [shortest, longest] = [pauses.start(), pauses.end()].map(|end| format_duration(*end));
    Err(format!("use {shortest} to {longest}"))
}

/// From when on a transaction is long, in seconds.
pub(super) fn age(text: &str) -> Result<u64, String> {
    seconds_up_to(Order::GREATEST_AGE, text)
}

/// For how long something is to hold, in seconds.
pub(super) fn exception(text: &str) -> Result<u64, String> {
    seconds_up_to(LONGEST_EXCEPTION, text)
}

/// For how long a token is good, in seconds.
pub(super) fn life(text: &str) -> Result<u64, String> {
    seconds_up_to(Token::LONGEST_LIFE, text)
}

fn seconds_up_to(longest: Duration, text: &str) -> Result<u64, String> {
    let seconds = whole_seconds(text)?;
    if seconds > longest.as_secs() {
        return Err(format!("use {} at most", format_duration(longest)));
    }
    Ok(seconds)
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

pub(super) fn whole_seconds(text: &str) -> Result<u64, String> {
    let time = duration(text)?;
    if time.subsec_nanos() != 0 || time.is_zero() {
        return Err("use whole seconds, at least 1s".to_owned());
    }
    Ok(time.as_secs())
}
