//! Tells systemd that the agent lives, by `sd_notify(3)`: with `WatchdogSec=` it
//! kills an agent that does not say so. Nothing here waits or fails: without
//! systemd nobody is told.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;
use std::{env, io};

use lictor_wire::domain::Mono;

/// Where systemd listens; also what the server must not inherit.
pub(crate) const SOCKET: &str = "NOTIFY_SOCKET";
/// Between two signs of life.
const PACE: Duration = Duration::from_millis(100);

/// The way to systemd, if it has started the agent and wants to be told.
#[derive(Debug)]
pub(crate) struct Systemd {
    to: Option<UnixDatagram>,
    told: Option<Mono>,
}

impl Systemd {
    /// By the environment.
    ///
    /// # Errors
    /// When it names a socket that is none.
    pub(crate) fn of_environment() -> io::Result<Self> {
        let Some(name) = env::var_os(SOCKET) else {
            return Ok(Self {
                to: None,
                told: None,
            });
        };
        match name.as_bytes() {
            [b'@', name @ ..] => Self::at(&SocketAddr::from_abstract_name(name)?),
            _ => Self::at(&SocketAddr::from_pathname(name)?),
        }
    }

    fn at(address: &SocketAddr) -> io::Result<Self> {
        let to = UnixDatagram::unbound()?;
        to.set_nonblocking(true)?;
        to.connect_addr(address)?;
        Ok(Self {
            to: Some(to),
            told: None,
        })
    }

    /// The agent guards a server, and lives.
    pub(crate) fn alive(&mut self, now: Mono) {
        let Some(to) = &self.to else { return };
        let word = match self.told {
            None => "READY=1\nWATCHDOG=1",
            Some(told) if now.since(told) >= PACE => "WATCHDOG=1",
            Some(_) => return,
        };
        self.told = Some(now);
        // It is told again soon.
        let _ = to.send(word.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_hears_that_the_agent_is_ready_and_then_that_it_lives() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let listens = UnixDatagram::bind(&path).unwrap();
        let mut systemd = Systemd::at(&SocketAddr::from_pathname(&path).unwrap()).unwrap();
        let began = Mono::from_origin(PACE);
        systemd.alive(began);
        systemd.alive(began);
        systemd.alive(began + PACE);
        let hear = || {
            let mut word = [0; 64];
            let length = listens.recv(&mut word).unwrap();
            String::from_utf8(word[..length].to_vec()).unwrap()
        };
        assert_eq!(hear(), "READY=1\nWATCHDOG=1");
        assert_eq!(hear(), "WATCHDOG=1");
        listens.set_nonblocking(true).unwrap();
        assert!(listens.recv(&mut [0; 64]).is_err());
    }
}
