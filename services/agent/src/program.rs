//! The server's program: whether the kernel will kill it together with the agent,
//! and how it is started so that it does.
//!
//! The agent starts itself anew (`launch`), which asks the kernel for
//! `PR_SET_PDEATHSIG` and becomes the server. The kernel forgets that when the
//! process changes its credentials, and a server that goes into the background
//! has another parent: neither may happen.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use lictor_wire::TOKEN_VARIABLE;
use lictor_wire::domain::Instance;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use thiserror::Error;

use crate::systemd;

/// Capabilities of a program's file, capabilities(7).
const CAPABILITIES: &str = "security.capability";
const SETUID_OR_SETGID: u32 = 0o6000;
/// Where mysqld looks whether somebody starts it again after its `RESTART`.
const SUPERVISOR: &str = "MYSQLD_PARENT_PID";

/// How to start the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    path: PathBuf,
    args: Vec<OsString>,
}

/// Why the kernel would not kill it together with the agent.
#[derive(Debug, Error)]
pub(crate) enum ProgramError {
    /// Which program is not certain.
    #[error("the server's program must be given by its whole path, not as `{}`", .0.display())]
    NotAbsolute(PathBuf),
    /// It cannot be looked at.
    #[error("the server's program {} cannot be read", path.display())]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It would start the server as its own child.
    #[error("{} is a script: give mysqld itself", .0.display())]
    Script(PathBuf),
    /// The kernel would not tie its life to the agent's.
    #[error(
        "{} changes its credentials when it starts (set-user-ID, set-group-ID or file \
         capabilities), and would outlive the agent", .0.display()
    )]
    Privileged(PathBuf),
    /// It would change its user.
    #[error(
        "run the agent as the user of mysqld and not as root: a server that changes its user \
         outlives the agent (or give mysqld --user=root)"
    )]
    Root,
}

impl Program {
    /// The program and its arguments, if it cannot outlive the agent.
    pub(crate) fn new(words: &[OsString], as_root: bool) -> Result<Self, ProgramError> {
        let (path, args) = first(words);
        let path = PathBuf::from(path);
        if !path.is_absolute() {
            return Err(ProgramError::NotAbsolute(path));
        }
        look(&path)?;
        if as_root && !args.iter().any(|arg| arg == "--user=root") {
            return Err(ProgramError::Root);
        }
        let args = args.to_vec();
        Ok(Self { path, args })
    }

    /// Starts it, showing `instance`, as a child that the kernel kills when the
    /// calling *thread* ends.
    pub(crate) fn start(&self, instance: Instance) -> io::Result<Child> {
        let agent = std::process::id().to_string();
        // This very program, also when its file has been replaced.
        Command::new("/proc/self/exe")
            .args(["launch", "--agent", &agent, "--"])
            .arg(&self.path)
            .args(&self.args)
            .arg(format!("--pid-file={}", instance.pid_file()))
            .arg("--daemonize=OFF")
            .env(SUPERVISOR, &agent)
            // What systemd is told of is the agent.
            .env_remove(systemd::SOCKET)
            // What the agent shows is nothing to the server.
            .env_remove(TOKEN_VARIABLE)
            .stdin(Stdio::null())
            .spawn()
    }
}

fn first(words: &[OsString]) -> (&OsStr, &[OsString]) {
    let split = words.split_first();
    split.map_or((OsStr::new(""), words), |(path, args)| (path, args))
}

fn look(path: &Path) -> Result<(), ProgramError> {
    let unreadable = |source| ProgramError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut start = [0; 2];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .map_err(unreadable)?;
    if start == *b"#!" {
        return Err(ProgramError::Script(path.to_owned()));
    }
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    let capable = match rustix::fs::getxattr(path, CAPABILITIES, &mut [0_u8; 64]) {
        Ok(_) | Err(Errno::RANGE) => true,
        Err(Errno::NODATA | Errno::OPNOTSUPP) => false,
        Err(error) => return Err(unreadable(error.into())),
    };
    if mode & SETUID_OR_SETGID != 0 || capable {
        return Err(ProgramError::Privileged(path.to_owned()));
    }
    Ok(())
}

/// Becomes the server, as a child of the process `agent` that is killed with it.
/// Returns only why it could not.
pub(crate) fn launch(agent: i32, words: &[OsString]) -> io::Error {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // One that ended before that would never be noticed.
    let agent = Pid::from_raw(agent);
    if agent.is_none() || getppid() != agent {
        return io::Error::other("the agent that wanted this server is gone");
    }
    let (path, args) = first(words);
    Command::new(path).args(args).exec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(Into::into).collect()
    }

    fn refused(said: &[&str], as_root: bool) -> String {
        let error = Program::new(&words(said), as_root).unwrap_err();
        error.to_string()
    }

    #[test]
    fn a_program_that_would_outlive_the_agent_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str, mode: u32| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let script = file("mysqld_safe", "#!/bin/sh\n", 0o755);
        assert!(refused(&[&script], false).contains("is a script"));
        let privileged = file("setuid", "ELF", 0o4755);
        assert!(refused(&[&privileged], false).contains("credentials"));
        assert!(refused(&["mysqld"], false).contains("whole path"));
        assert!(refused(&["/no/such/mysqld"], false).contains("cannot be read"));
        let sound = file("mysqld", "ELF", 0o755);
        assert!(Program::new(&words(&[&sound]), false).is_ok());
        assert!(refused(&[&sound], true).contains("as root"));
        assert!(Program::new(&words(&[&sound, "--user=root"]), true).is_ok());
    }
}
