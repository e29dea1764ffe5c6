//! Whether a port is free, and who holds it when not.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::wait::eventually;

/// How long the last holder, killed just now, may take to let go.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits for the port to be free.
///
/// # Errors
/// A sentence naming the address and, where `/proc` shows it, the holder.
pub(crate) async fn free(address: SocketAddrV4) -> Result<()> {
    eventually("a free port", PATIENCE, || async {
        TcpListener::bind(address).map(drop)
    })
    .await
    .or_else(|_| check(address))
}

fn check(address: SocketAddrV4) -> Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match holder(address) {
            Some((pid, command)) => {
                bail!("{address} is in use by pid {pid} ({command}): stop it and try again")
            }
            None => bail!("{address} is in use: stop what listens there and try again"),
        },
        Err(error) => bail!("cannot listen on {address}: {error}"),
    }
}

/// The pid and command line of the process that listens there.
fn holder(address: SocketAddrV4) -> Option<(u32, String)> {
    let links: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listeners(&table, address))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let holds = fs::read_dir(entry.path().join("fd"))
            .ok()?
            .flatten()
            .any(|fd| {
                fs::read_link(fd.path())
                    .is_ok_and(|to| links.iter().any(|link| to == Path::new(link)))
            });
        holds.then(|| (pid, command_line(pid)))
    })
}

/// The inodes of the listening sockets in a table of proc(5) that take
/// connections to `address`.
fn listeners(table: &str, address: SocketAddrV4) -> Vec<String> {
    const LISTEN: &str = "0A";
    let hex = |ip: Ipv4Addr| format!("{:08X}", u32::from_ne_bytes(ip.octets()));
    let any_v6 = "0".repeat(32);
    let mapped_v6 = format!("0000000000000000FFFF0000{}", hex(*address.ip()));
    let hosts = [
        hex(*address.ip()),
        hex(Ipv4Addr::UNSPECIFIED),
        any_v6,
        mapped_v6,
    ];
    let port = format!("{:04X}", address.port());
    table
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (host, listens_on) = fields.get(1)?.split_once(':')?;
            let matches = *fields.get(3)? == LISTEN
                && listens_on == port
                && hosts.iter().any(|wanted| wanted == host);
            matches.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
        })
        .collect()
}

fn command_line(pid: u32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&words).replace(char::is_control, " ");
    let mut line = line.trim().to_owned();
    if line.chars().count() > 80 {
        line = line.chars().take(80).collect::<String>() + " ...";
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(on: Ipv4Addr) -> (TcpListener, u16) {
        let listener = TcpListener::bind((on, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[tokio::test]
    async fn a_port_in_use_names_its_holder() {
        let (_listener, port) = listening(Ipv4Addr::LOCALHOST);
        let error = free(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&format!("127.0.0.1:{port}")), "{message}");
        assert!(
            message.contains(&format!("pid {}", std::process::id())),
            "{message}"
        );
    }

    #[tokio::test]
    async fn a_listener_on_every_address_is_found_too() {
        let (_listener, port) = listening(Ipv4Addr::UNSPECIFIED);
        let error = free(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(&std::process::id().to_string()));
    }

    #[tokio::test]
    async fn a_port_nobody_holds_is_free() {
        let (listener, port) = listening(Ipv4Addr::LOCALHOST);
        drop(listener);
        free(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
    }
}
