//! How available a cluster was over a time, from what was observed of it.
//!
//! - availability = (observed − unavailable) / observed. Time that nobody
//!   observed is neither up nor down: it is left out of both.
//! - Unavailable is the observed time of every outage, planned ones included: a
//!   client that cannot write does not care whose wish it was.
//! - A failure is an outage that nobody wanted. MTBF = (observed − unavailable) /
//!   failures, MTTR = the mean of their lengths, RTO reached = the longest.
//! - RPO reached is nothing where every failover is proven to have lost nothing
//!   that was acknowledged, and unknown where one is not.
//!
//! What reaches beyond the time asked for is cut at its ends.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lictor_domain::history::change;
use lictor_domain::{ClusterName, Happening, HappeningKind, Objectives, RecoveryId, Span};

/// What one cluster reached over a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// The cluster.
    pub cluster: ClusterName,
    /// What was promised.
    pub objectives: Objectives,
    /// For how long it was known whether it took writes.
    pub observed: Duration,
    /// For how much of that it took none.
    pub unavailable: Duration,
    /// When, the oldest first.
    pub outages: Vec<Outage>,
    /// What its failovers lost.
    pub loss: Loss,
}

/// A time in which nobody could write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// From this moment, or from the begin of the time asked for.
    pub began_at: DateTime<Utc>,
    /// Until this one, or the end of the time asked for; `None` while it lasts.
    pub ended_at: Option<DateTime<Utc>>,
    /// How much of it was observed.
    pub observed: Duration,
    /// How long it can have been at most.
    pub at_most: Duration,
    /// Somebody wanted it so.
    pub planned: bool,
    /// Why, as a sentence.
    pub cause: String,
    /// The recovery it belongs to.
    pub recovery: Option<RecoveryId>,
}

/// What failovers lost of what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// There was none.
    NoFailover,
    /// Each of so many is proven to have lost nothing.
    Nothing {
        /// How many there were.
        failovers: usize,
    },
    /// Of some nothing proves it.
    Unknown {
        /// How many there were.
        failovers: usize,
        /// Of how many nothing proves it.
        unproven: usize,
    },
}

impl Loss {
    /// The same as a sentence.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::NoFailover => "there was no failover, so none lost anything".to_owned(),
            Self::Nothing { failovers } => format!(
                "of {} none lost anything acknowledged: each time the old primary was proven to \
                 be fenced, and commits waited for a replica",
                counted(failovers)
            ),
            Self::Unknown {
                failovers,
                unproven,
            } => format!(
                "{unproven} of {} went without a proof, or commits waited for no replica: nobody \
                 knows how much of what was acknowledged was lost",
                counted(failovers)
            ),
        }
    }
}

fn counted(failovers: usize) -> String {
    match failovers {
        1 => "1 failover".to_owned(),
        more => format!("{more} failovers"),
    }
}

/// What was written down of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
    /// When it was observed.
    pub spans: &'a [Span],
    /// Its outages and changes of the primary, in the order in which they were
    /// told; for an outage that began before the time asked for, its begin too.
    pub happenings: &'a [Happening],
}

/// What a cluster reached from `range.from` to `range.until`.
#[must_use]
pub fn of_cluster(
    cluster: &ClusterName,
    objectives: Objectives,
    records: Records<'_>,
    range: Span,
) -> Availability {
    let spans = united(records.spans, range);
    let outages: Vec<_> = outages(records.happenings)
        .into_iter()
        .filter_map(|outage| outage.cut(&spans, range))
        .collect();
    Availability {
        cluster: cluster.clone(),
        objectives,
        observed: spans.iter().map(|span| length(*span)).sum(),
        unavailable: outages.iter().map(|outage| outage.observed).sum(),
        loss: loss(records.happenings, range),
        outages,
    }
}

impl Availability {
    /// How much of the observed time it took writes, in percent; `None` when it
    /// was not observed.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        let observed = self.observed.as_secs_f64();
        // This way round what was never away is exactly 100.
        let away = 100.0 * self.unavailable.as_secs_f64();
        (observed > 0.0).then(|| (100.0 - away / observed).max(0.0))
    }

    /// The observed time in which it took writes.
    #[must_use]
    pub fn up(&self) -> Duration {
        self.observed.saturating_sub(self.unavailable)
    }

    fn unwanted(&self) -> impl Iterator<Item = &Outage> {
        self.outages.iter().filter(|outage| !outage.planned)
    }

    /// Outages that nobody wanted.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.unwanted().count()
    }

    /// The mean time between failures; `None` without a failure.
    #[must_use]
    pub fn mtbf(&self) -> Option<Duration> {
        share(self.up(), self.failures())
    }

    /// The mean time to repair; `None` without a failure.
    #[must_use]
    pub fn mttr(&self) -> Option<Duration> {
        share(self.down_by_failures(), self.failures())
    }

    fn down_by_failures(&self) -> Duration {
        self.unwanted().map(|outage| outage.observed).sum()
    }

    /// The longest failure; `None` without one.
    #[must_use]
    pub fn longest(&self) -> Option<Duration> {
        self.unwanted().map(|outage| outage.observed).max()
    }

    /// Whether it was available as promised; `None` where nothing was promised or
    /// observed.
    #[must_use]
    pub fn availability_met(&self) -> Option<bool> {
        let objective = self.objectives.availability_percent?.percent();
        self.percent().map(|reached| reached >= objective)
    }

    /// Whether each failure was as short as promised; `None` where nothing was
    /// promised, nothing failed, or a failure may have gone on while nobody
    /// looked.
    #[must_use]
    pub fn rto_met(&self) -> Option<bool> {
        let objective = Duration::from_secs(self.objectives.rto_secs?);
        if self.longest()? > objective {
            return Some(false);
        }
        let certain = self.unwanted().all(|outage| outage.at_most <= objective);
        certain.then_some(true)
    }

    /// How much of what was acknowledged was lost at most; `None` where nobody
    /// failed over, or nobody knows.
    #[must_use]
    pub const fn rpo(&self) -> Option<Duration> {
        match self.loss {
            Loss::Nothing { .. } => Some(Duration::ZERO),
            Loss::NoFailover | Loss::Unknown { .. } => None,
        }
    }

    /// Whether failovers lost as little as promised; `None` where nothing was
    /// promised, nobody failed over, or nobody knows.
    #[must_use]
    pub fn rpo_met(&self) -> Option<bool> {
        let objective = Duration::from_secs(self.objectives.rpo_secs?);
        self.rpo().map(|lost| lost <= objective)
    }
}

/// How the numbers come about, with those of all these clusters together.
#[must_use]
pub fn formula(clusters: &[Availability]) -> Vec<String> {
    let sum = |of: fn(&Availability) -> Duration| clusters.iter().map(of).sum::<Duration>();
    let (observed, down) = (sum(|it| it.observed), sum(|it| it.unavailable));
    let (up, repairing) = (sum(Availability::up), sum(Availability::down_by_failures));
    let failures: usize = clusters.iter().map(Availability::failures).sum();
    let (o, d) = (seconds(observed), seconds(down));
    let percent = (!observed.is_zero())
        .then(|| format!("{:.4} %", 100.0 * up.as_secs_f64() / observed.as_secs_f64()));
    let of = |time: Duration| share(time, failures).map(seconds);
    let told = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    let none = |value: Option<String>| value.unwrap_or_else(|| "no failure".to_owned());
    let longest = clusters.iter().filter_map(Availability::longest).max();
    vec![
        format!(
            "availability = (observed − unavailable) / observed = ({o} − {d}) / {o} = {}; planned \
             outages count, and time that nobody observed is left out",
            told(percent)
        ),
        format!(
            "MTBF = (observed − unavailable) / failures = ({o} − {d}) / {failures} = {}; a failure \
             is an outage that nobody wanted",
            none(of(up))
        ),
        format!(
            "MTTR = time of the failures / failures = {} / {failures} = {}",
            seconds(repairing),
            none(of(repairing))
        ),
        format!(
            "RTO reached = the longest failure = {}",
            none(longest.map(seconds))
        ),
        "RPO reached = 0 s where each failover was fenced by a proof and commits waited for a \
         replica; else unknown"
            .to_owned(),
    ]
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn share(time: Duration, failures: usize) -> Option<Duration> {
    let failures = u32::try_from(failures).ok()?;
    time.checked_div(failures)
}

/// An outage as it was told.
struct Told<'a> {
    began: &'a Happening,
    ended: Option<&'a Happening>,
}

/// Each begin with its end. A begin while one lasts ends that one: another
/// outage took its place.
fn outages(happenings: &[Happening]) -> Vec<Told<'_>> {
    let mut outages: Vec<Told<'_>> = vec![];
    for happening in happenings {
        let begins = match happening.kind {
            HappeningKind::Unavailable => true,
            HappeningKind::Available => false,
            _ => continue,
        };
        if let Some(last) = outages.last_mut().filter(|last| last.ended.is_none()) {
            last.ended = Some(happening);
        }
        if begins {
            outages.push(Told {
                began: happening,
                ended: None,
            });
        }
    }
    outages
}

impl Told<'_> {
    /// What of it lies in the range; nothing when nobody saw it there.
    fn cut(&self, spans: &[Span], range: Span) -> Option<Outage> {
        let from = self.began.at;
        let until = self.ended.map(|ended| ended.at.max(from));
        let whole = Span {
            from,
            until: until.unwrap_or(range.until.max(from)),
        };
        let inside = within(whole, range)?;
        let parts = spans.iter().filter_map(|span| within(*span, inside));
        let observed: Duration = parts.map(length).sum();
        let began_inside = from >= range.from;
        if observed.is_zero() && !began_inside {
            return None;
        }
        let resolved = self
            .ended
            .filter(|ended| ended.kind == HappeningKind::Available);
        Some(Outage {
            began_at: inside.from,
            ended_at: until.map(|_| inside.until),
            observed,
            at_most: length(inside),
            planned: self.began.planned,
            cause: self.began.sentence.clone(),
            recovery: resolved
                .and_then(|ended| ended.recovery)
                .or(self.began.recovery),
        })
    }
}

fn loss(happenings: &[Happening], range: Span) -> Loss {
    let inside = |happening: &&Happening| {
        happening.kind == HappeningKind::PrimaryChanged
            && (range.from..range.until).contains(&happening.at)
    };
    let (mut failovers, mut unproven) = (0, 0);
    for happening in happenings.iter().filter(inside) {
        failovers += usize::from(happening.code != change::SWITCHOVER);
        unproven += usize::from(happening.code == change::UNPROVEN);
    }
    match (failovers, unproven) {
        (0, _) => Loss::NoFailover,
        (failovers, 0) => Loss::Nothing { failovers },
        (failovers, unproven) => Loss::Unknown {
            failovers,
            unproven,
        },
    }
}

/// What the spans cover of the range, without overlaps, in order.
fn united(spans: &[Span], range: Span) -> Vec<Span> {
    let mut inside: Vec<_> = spans
        .iter()
        .filter_map(|span| within(*span, range))
        .collect();
    inside.sort();
    let mut united: Vec<Span> = vec![];
    for span in inside {
        match united.last_mut() {
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            _ => united.push(span),
        }
    }
    united
}

fn within(span: Span, range: Span) -> Option<Span> {
    let from = span.from.max(range.from);
    let until = span.until.min(range.until);
    (from <= until && span.from < range.until).then_some(Span { from, until })
}

fn length(span: Span) -> Duration {
    let length: TimeDelta = span.until - span.from;
    length.to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests;
