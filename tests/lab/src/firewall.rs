//! Drops packets between clients and a server, as a broken network would,
//! with one nftables table per laboratory.
//!
//! The table's name carries the block of addresses, so that nothing of the
//! machine's own rules is ever touched.

use std::fs;
use std::io::Write;
use std::net::SocketAddrV4;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::block::Block;
use crate::tools::on_path;

/// Whether some rule of this laboratory may be in force.
const MARK: &str = "firewall";

/// Which packets a block drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// Everybody's.
    All,
    /// Those of everybody but the replicas, which come from the laboratory's
    /// own addresses.
    Clients,
}

/// Drops every packet to and from the server's port from now on.
pub(crate) fn block(block: Block, server: SocketAddrV4, blocked: Blocked) -> Result<()> {
    fs::File::create(block.dir().join(MARK))?;
    let table = table(block);
    let chain = chain(server);
    let (address, port) = (server.ip(), server.port());
    let from = match blocked {
        Blocked::All => String::new(),
        Blocked::Clients => format!("saddr != {}/24 ip ", block.address(0)),
    };
    let to = match blocked {
        Blocked::All => String::new(),
        Blocked::Clients => format!("daddr != {}/24 ip ", block.address(0)),
    };
    nft(&format!(
        "add table inet {table}\n\
         add chain inet {table} {chain} {{ type filter hook input priority 0; }}\n\
         flush chain inet {table} {chain}\n\
         add rule inet {table} {chain} ip {from}daddr {address} tcp dport {port} drop\n\
         add rule inet {table} {chain} ip {to}saddr {address} tcp sport {port} drop\n"
    ))
}

/// Lets packets through again.
pub(crate) fn unblock(block: Block, server: SocketAddrV4) -> Result<()> {
    if !block.dir().join(MARK).exists() {
        return Ok(());
    }
    let (table, chain) = (table(block), chain(server));
    // Adding what exists changes nothing, and makes the removal certain to succeed.
    nft(&format!(
        "add table inet {table}\n\
         add chain inet {table} {chain} {{ type filter hook input priority 0; }}\n\
         flush chain inet {table} {chain}\n\
         delete chain inet {table} {chain}\n"
    ))
}

/// Removes every rule of the block's laboratory.
pub(crate) fn remove_all(block: Block) {
    if !block.dir().join(MARK).exists() {
        return;
    }
    let table = table(block);
    if let Err(error) = nft(&format!(
        "add table inet {table}\ndelete table inet {table}\n"
    )) {
        eprintln!("lab: the rules of table inet {table} stay: {error:#}");
    }
}

fn table(block: Block) -> String {
    let [_, x, y, _] = block.address(0).octets();
    format!("lictor_lab_{x}_{y}")
}

fn chain(server: SocketAddrV4) -> String {
    format!("server_{}_{}", server.ip().octets()[3], server.port())
}

/// Runs one script; all of it holds or nothing does.
fn nft(script: &str) -> Result<()> {
    let Some(nft) = on_path("nft") else {
        bail!("blocking a port needs nft: run 'make install-tools'");
    };
    let mut child = Command::new(nft)
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run nft")?;
    child
        .stdin
        .take()
        .context("nft without a standard input")?
        .write_all(script.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "nft refused (it needs root, and a kernel with nf_tables): {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
