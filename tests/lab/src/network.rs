//! A network of one's own: each server on a host by itself, a network
//! namespace, and every link between two hosts can be cut and healed.
//!
//! The hosts hang on one bridge, which this process is on too, as the host
//! [`OUTSIDE`]. A cut link drops packets silently at both ends. Every name
//! carries the block of addresses, so that only what a laboratory made is ever
//! touched; who takes a block removes what a dead laboratory left of it.
//!
//! It needs root, `ip` and `nft`, and a kernel that lets them make namespaces.

use std::env;
use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, ensure};

use crate::block::Block;
use crate::tools::on_path;

/// The last octet of this process's own address on the bridge.
const OUTSIDE: u8 = 1;

/// Where iproute2 keeps the names of namespaces, ip-netns(8).
const NAMES: &str = "/run/netns";

/// Whether namespaces can be made here; looks once.
///
/// # Errors
/// A sentence saying why not.
fn networks_are_to_be_had() -> Result<()> {
    static FOUND: OnceLock<Result<(), String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| probe().map_err(|error| format!("{error:#}")));
    found.clone().map_err(|error| anyhow!("{error}"))
}

fn probe() -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "network namespaces need root"
    );
    let probe = format!("lictor-probe-{}", std::process::id());
    let made = run("ip", &["netns", "add", &probe], "");
    let _ = run("ip", &["netns", "del", &probe], "");
    made.context("network namespaces are not to be had here")
}

/// Whether to go on with a network: not where namespaces are not to be had,
/// which is said, unless `CI` or `LICTOR_REQUIRE_NETNS` is set.
///
/// # Errors
/// When one of those is set, and there is no network.
pub fn networks_or_skip() -> Result<bool> {
    let Err(error) = networks_are_to_be_had() else {
        return Ok(true);
    };
    let required = ["CI", "LICTOR_REQUIRE_NETNS"].map(env::var_os);
    ensure!(required.iter().all(Option::is_none), error);
    println!("skipped: {error:#}");
    Ok(false)
}

/// The hosts of a laboratory.
#[derive(Debug)]
pub(crate) struct Network {
    block: Block,
}

impl Network {
    /// Lays a host for each of those last octets.
    pub(crate) fn lay(block: Block, hosts: &[u8]) -> Result<Self> {
        let network = Self { block };
        let bridge = bridge(block);
        let lines = hosts.iter().map(|host| {
            let (name, link) = (namespace(block, *host), link(block, *host));
            format!(
                "netns add {name}\n\
                 link add {link} master {bridge} type veth peer name eth0 netns {name}\n\
                 link set {link} up\n",
            )
        });
        let script = format!(
            "link add {bridge} type bridge\n\
             addr add {outside}/24 dev {bridge}\n\
             link set {bridge} up\n{lines}",
            outside = block.address(OUTSIDE),
            lines = lines.collect::<Vec<_>>().concat(),
        );
        run("ip", &["-batch", "-"], &script).context("cannot lay the network")?;
        for host in hosts {
            let name = namespace(block, *host);
            let script = format!(
                "addr add {}/24 dev eth0\nlink set eth0 up\nlink set lo up\n",
                block.address(*host)
            );
            run("ip", &["-netns", &name, "-batch", "-"], &script)?;
            let rules = "add table inet lab\n\
                 add set inet lab cut { type ipv4_addr; }\n\
                 add chain inet lab input { type filter hook input priority 0; }\n\
                 add rule inet lab input ip saddr @cut drop\n";
            run("ip", &["netns", "exec", &name, &nft()?, "-f", "-"], rules)?;
        }
        Ok(network)
    }

    /// Cuts the links between each of `one` and each of `other` from now on.
    pub(crate) fn cut(&self, one: &[Ipv4Addr], other: &[Ipv4Addr]) -> Result<()> {
        self.deafen(one, other)?;
        self.deafen(other, one)
    }

    /// The packets of `speakers` do not reach `listeners` any more.
    fn deafen(&self, listeners: &[Ipv4Addr], speakers: &[Ipv4Addr]) -> Result<()> {
        let speakers: Vec<String> = speakers.iter().map(ToString::to_string).collect();
        let script = format!("add element inet lab cut {{ {} }}\n", speakers.join(", "));
        // Of a link to the outside one end is enough.
        for listener in listeners.iter().filter(|it| **it != self.outside()) {
            self.rules(*listener, &script)?;
        }
        Ok(())
    }

    /// Heals every link.
    pub(crate) fn heal(&self) -> Result<()> {
        for name in namespaces(self.block) {
            let heal = "flush set inet lab cut\n";
            run("ip", &["netns", "exec", &name, &nft()?, "-f", "-"], heal)?;
        }
        Ok(())
    }

    fn rules(&self, host: Ipv4Addr, script: &str) -> Result<()> {
        let name = namespace(self.block, host.octets()[3]);
        run("ip", &["netns", "exec", &name, &nft()?, "-f", "-"], script)
    }

    /// This process's own address.
    pub(crate) fn outside(&self) -> Ipv4Addr {
        self.block.address(OUTSIDE)
    }
}

/// The file that a program enters to be on the host of that address; none for
/// the machine's own.
pub(crate) fn host_of(address: Ipv4Addr) -> Option<PathBuf> {
    let block = Block::networked_at(address)?;
    Some(Path::new(NAMES).join(namespace(block, address.octets()[3])))
}

/// Removes every host of the block, and its bridge.
pub(crate) fn remove_all(block: Block) {
    let removed = interfaces(block)
        .into_iter()
        .map(|name| run("ip", &["link", "del", &name], ""))
        .chain(
            namespaces(block)
                .into_iter()
                .map(|name| run("ip", &["netns", "del", &name], "")),
        );
    for error in removed.filter_map(Result::err) {
        eprintln!("lab: something of a network stays: {error:#}");
    }
}

/// The machine's own ends of the links, and the bridge.
fn interfaces(block: Block) -> Vec<String> {
    let bridge = bridge(block);
    let links = format!("{bridge}.");
    let is_ours = |name: &String| *name == bridge || name.starts_with(&links);
    names_in("/sys/class/net").filter(is_ours).collect()
}

fn namespaces(block: Block) -> Vec<String> {
    let prefix = format!("{}-", prefix(block));
    names_in(NAMES)
        .filter(|name| name.starts_with(&prefix))
        .collect()
}

fn names_in(dir: &str) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

fn namespace(block: Block, host: u8) -> String {
    format!("{}-{host}", prefix(block))
}

fn prefix(block: Block) -> String {
    let [_, x, y, _] = block.address(0).octets();
    format!("lictor-lab-{x}-{y}")
}

/// Names of interfaces have at most 15 letters.
fn bridge(block: Block) -> String {
    let [_, x, y, _] = block.address(0).octets();
    format!("lab{x}.{y}")
}

fn link(block: Block, host: u8) -> String {
    format!("{}.{host}", bridge(block))
}

fn nft() -> Result<String> {
    let nft = on_path("nft").context("cutting a link needs nft: run 'make install-tools'")?;
    Ok(nft.to_string_lossy().into_owned())
}

fn run(program: &str, args: &[&str], script: &str) -> Result<()> {
    let path = on_path(program)
        .with_context(|| format!("a network needs {program}: run 'make install-tools'"))?;
    let mut child = Command::new(path)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {program}"))?;
    let mut input = child.stdin.take().context("no standard input")?;
    // A program that ends before it has read all says why below.
    let _ = input.write_all(script.as_bytes());
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "{program} {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
