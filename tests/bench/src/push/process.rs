//! What a process costs, as Linux tells it.

use std::fs;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A process that is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched(pub(crate) u32);

impl Watched {
    /// Milliseconds of processor time so far, in user and kernel.
    pub(crate) fn cpu_ms(self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name of the program may hold anything, and stands in brackets.
        let (_, fields) = stat.rsplit_once(')').context("no name")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks =
            |at: usize| -> Result<u32> { Ok(fields.get(at).context("too short")?.parse()?) };
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(f64::from(ticks(11)? + ticks(12)?) * 1000.0 / f64::from(u32::try_from(per_second)?))
    }

    /// Kilobytes of memory in use.
    pub(crate) fn rss_kb(self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let figure = line.and_then(|line| line.split_whitespace().next());
        Ok(f64::from(figure.context("no VmRSS")?.parse::<u32>()?))
    }
}

/// Lets this process, and those it starts, open as many files as the system
/// allows.
pub(crate) fn take_all_handles() -> Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )
    .context("the limit of open files cannot be raised")
}
