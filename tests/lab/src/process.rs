//! Child processes that never outlive this one.
//!
//! Every child asks the kernel (`setpriv --pdeathsig KILL`) to be killed when
//! its parent dies. The kernel means the parent *thread*: all children are
//! therefore started by one thread that lives as long as the process. A signal
//! is only sent under the lock that also reaps, so a reused pid is never hit.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use crate::tools::Program;

/// Between two looks at a process that was killed.
const PAUSE: Duration = Duration::from_millis(2);

/// Runs a command to its end; what it complains of when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{}: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// A user to run a server as.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// The user of that name, if the machine has it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let passwd = fs::read_to_string("/etc/passwd").ok()?;
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            Some(Self {
                uid: fields.nth(1)?.parse().ok()?,
                gid: fields.next()?.parse().ok()?,
            })
        })
    }
}

/// Whether this process is root's.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What to start: a program with its arguments, as a user, logging to a file.
#[derive(Debug)]
pub(crate) struct Recipe {
    command: Command,
    log: PathBuf,
    forks: bool,
}

impl Recipe {
    /// `program` run as `user` (or as this process), its output appended to
    /// `log`.
    pub(crate) fn new(program: &Program, user: Option<&User>, log: &Path) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some(user) = user {
            command.arg(format!("--reuid={}", user.uid));
            command.arg(format!("--regid={}", user.gid));
            command.arg("--init-groups");
        }
        command.arg("--").args(program.words());
        Self {
            command,
            log: log.to_owned(),
            forks: false,
        }
    }

    /// It works in processes below it, which are to share its fate.
    pub(crate) fn forking(mut self) -> Self {
        self.forks = true;
        self
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// It runs in the network namespace of that file.
    pub(crate) fn on_host(mut self, namespace: &Path) -> Self {
        let mut command = Command::new("nsenter");
        let mut net = OsString::from("--net=");
        net.push(namespace);
        command.arg(net).arg("--");
        command.arg(self.command.get_program());
        command.args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        self.command = command;
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    fn prepared(mut self) -> io::Result<Command> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        self.command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A Ctrl-C in the terminal is for this process, not for its servers.
            .process_group(0);
        Ok(self.command)
    }

    /// Starts the server.
    pub(crate) fn start(self) -> Result<Process> {
        let forks = self.forks;
        let child = self
            .prepared()
            .and_then(spawn)
            .context("cannot start setpriv (package util-linux)")?;
        Ok(Process {
            pid: child.id(),
            forks,
            child: Mutex::new(child),
            killed_below: Mutex::new(Vec::new()),
        })
    }

    /// Runs it to its end, and fails with its log when it fails.
    pub(crate) fn run(self) -> Result<()> {
        let log = self.log.clone();
        let process = self.start()?;
        let status = process.wait()?;
        anyhow::ensure!(
            status.success(),
            "{status}; its log ends with:\n{}",
            tail(&log)
        );
        Ok(())
    }
}

/// Asks the one long-lived thread to start a child.
fn spawn(command: Command) -> io::Result<Child> {
    type Request = (Command, Sender<io::Result<Child>>);
    static SPAWNER: LazyLock<Sender<Request>> = LazyLock::new(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for (mut command, answer) in requests {
                // The asker waits below, so the answer always arrives.
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (answer, answered) = mpsc::channel();
    SPAWNER.send((command, answer)).map_err(io::Error::other)?;
    answered.recv().map_err(io::Error::other)?
}

/// A running child. Dropping it kills and reaps it.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    forks: bool,
    child: Mutex<Child>,
    /// The processes below it that were killed with it; they die in their own
    /// time, and until then hold what is theirs.
    killed_below: Mutex<Vec<Seen>>,
}

impl Process {
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        locked(&self.child)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.child()
            .try_wait()
            .unwrap_or_else(|_| Some(ExitStatus::from_raw(0)))
    }

    /// Sends a signal to it and to every process below it. Nothing happens if
    /// it has ended.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let mut child = self.child();
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        // Once before, since a killed parent's children are no longer below it;
        // once after, since a stopped parent makes no more of them.
        let mut below = self.below();
        let pid = pid_of(self.pid).context("a child without a pid")?;
        kill_process(pid, signal).context("cannot signal a server")?;
        below.extend(self.below());
        for process in &below {
            process.signal(signal);
        }
        if signal == Signal::KILL {
            locked(&self.killed_below).extend(below);
        }
        Ok(())
    }

    fn below(&self) -> Vec<Seen> {
        if self.forks {
            descendants(self.pid)
        } else {
            Vec::new()
        }
    }

    /// Whether it has ended, and everything that was killed with it.
    fn is_gone(&self) -> bool {
        self.ended().is_some() && !locked(&self.killed_below).iter().any(|it| it.runs())
    }

    fn wait(&self) -> Result<ExitStatus> {
        Ok(self.child().wait()?)
    }

    /// Waits until it has ended, and everything that was killed with it.
    pub(crate) async fn gone(&self) {
        while !self.is_gone() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.signal(Signal::KILL);
        let _ = self.wait();
        // A killed process cannot refuse.
        while !self.is_gone() {
            thread::sleep(PAUSE);
        }
    }
}

/// A panic elsewhere must not keep a server from being killed.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process seen in `/proc`: its start time tells it from a later one of the
/// same pid.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    pid: u32,
    parent: u32,
    started: u64,
    zombie: bool,
}

impl Seen {
    /// Fields 3, 4 and 22 of `/proc/PID/stat`, proc(5).
    fn look(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, after_name) = stat.rsplit_once(") ")?;
        let mut fields = after_name.split(' ');
        Some(Self {
            pid,
            zombie: fields.next()? == "Z",
            parent: fields.next()?.parse().ok()?,
            started: fields.nth(17)?.parse().ok()?,
        })
    }

    /// Whether exactly this process still holds anything.
    fn runs(self) -> bool {
        Self::look(self.pid).is_some_and(|now| now.started == self.started && !now.zombie)
    }

    /// Signals exactly this process, or nothing.
    fn signal(self, signal: Signal) {
        let Some(pid) = pid_of(self.pid) else { return };
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
            return;
        };
        if self.runs() {
            let _ = pidfd_send_signal(handle, signal);
        }
    }
}

fn pid_of(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Every process below `root`: Postgres serves each session in one.
fn descendants(root: u32) -> Vec<Seen> {
    let mut others: Vec<Seen> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Seen::look)
        .collect();
    let mut below: Vec<Seen> = Vec::new();
    loop {
        let is_below =
            |seen: &mut Seen| seen.parent == root || below.iter().any(|b| b.pid == seen.parent);
        let found: Vec<Seen> = others.extract_if(.., is_below).collect();
        if found.is_empty() {
            return below;
        }
        below.extend(found);
    }
}

/// The end of a log, for an error message.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, log: &Path) -> Process {
        let program = Program::of_system("/bin/sh".into());
        Recipe::new(&program, None, log)
            .args(["-c", script])
            .forking()
            .start()
            .unwrap()
    }

    #[test]
    fn a_dropped_process_is_gone_with_everything_below_it() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let process = shell("sleep 600 & echo $!; wait", &log);
        let below = loop {
            if let Ok(pid) = fs::read_to_string(&log).unwrap().trim().parse::<u32>() {
                break pid;
            }
            thread::yield_now();
        };
        let seen = Seen::look(below).unwrap();
        assert!(seen.runs());
        let pid = process.pid();
        drop(process);
        assert_eq!(Seen::look(pid), None);
        assert!(!seen.runs());
    }

    #[test]
    fn an_ended_process_is_never_signalled_again() {
        let dir = tempfile::tempdir().unwrap();
        let process = shell("exit 3", &dir.path().join("log"));
        assert_eq!(process.wait().unwrap().code(), Some(3));
        process.signal(Signal::KILL).unwrap();
        assert_eq!(process.ended().unwrap().code(), Some(3));
    }

    #[test]
    fn a_failed_run_shows_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let recipe = Recipe::new(
            &Program::of_system("/bin/sh".into()),
            None,
            &dir.path().join("log"),
        );
        let error = recipe
            .args(["-c", "echo no room left; exit 1"])
            .run()
            .unwrap_err();
        assert!(error.to_string().contains("no room left"), "{error}");
    }
}
