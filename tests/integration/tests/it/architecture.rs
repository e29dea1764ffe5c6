//! The rooms and the ways between them, as ARCHITECTURE.md draws them.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

/// Which rooms each room may use in what it ships.
const ARROWS: &[(&str, &[&str])] = &[
    ("lictor-domain", &[]),
    ("lictor-document", &["lictor-domain"]),
    ("lictor-engine", &["lictor-domain"]),
    ("lictor-tls", &[]),
    ("lictor-wire", &["lictor-domain", "lictor-tls"]),
    ("lictor-view", &["lictor-wire"]),
    ("lictor-store", &["lictor-domain"]),
    ("lictor-consul", &["lictor-domain", "lictor-tls"]),
    ("lictor-mysql", &["lictor-domain", "lictor-tls"]),
    (
        "lictor-control-plane",
        &[
            "lictor-domain",
            "lictor-document",
            "lictor-engine",
            "lictor-tls",
            "lictor-view",
            "lictor-wire",
            "lictor-store",
            "lictor-consul",
            "lictor-mysql",
        ],
    ),
    (
        "lictor-client",
        &["lictor-domain", "lictor-tls", "lictor-wire"],
    ),
    (
        "lictor-cli",
        &[
            "lictor-document",
            "lictor-tls",
            "lictor-view",
            "lictor-wire",
        ],
    ),
    ("lictor-agent", &["lictor-tls", "lictor-wire"]),
    ("lictor-lab", &[]),
    ("lictor-sim", &["lictor-domain", "lictor-engine"]),
    (
        "lictor-integration",
        &[
            "lictor-lab",
            "lictor-client",
            "lictor-tls",
            "lictor-wire",
            "lictor-domain",
        ],
    ),
    (
        "lictor-bench",
        &[
            "lictor-lab",
            "lictor-client",
            "lictor-wire",
            "lictor-domain",
            "lictor-integration",
        ],
    ),
    ("lictor-fuzz", &["lictor-document", "lictor-domain"]),
    (
        "lictor-chaos",
        &[
            "lictor-lab",
            "lictor-client",
            "lictor-wire",
            "lictor-integration",
        ],
    ),
];

/// Crates that would let the engine wait, read a clock, draw lots or log.
const NOT_IN_THE_ENGINE: &[&str] = &["tokio", "futures", "rand", "tracing", "log", "reqwest"];

fn packages() -> Result<Vec<Value>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
            "--manifest-path",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    Ok(packages.clone())
}

fn shipped_dependencies(package: &Value) -> Vec<String> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    all.filter(|dependency| dependency["kind"].is_null())
        .filter_map(|dependency| dependency["name"].as_str().map(ToOwned::to_owned))
        .collect()
}

#[test]
fn rooms_depend_only_on_the_rooms_they_may_use() {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut seen = 0;
    for package in packages().unwrap() {
        let name = package["name"].as_str().unwrap().to_owned();
        let may_use = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is no room of ARCHITECTURE.md"));
        for dependency in shipped_dependencies(&package) {
            let is_room = dependency.starts_with("lictor-");
            assert!(
                !is_room || may_use.contains(&dependency.as_str()),
                "{name} may not use {dependency}"
            );
        }
        seen += 1;
    }
    assert_eq!(seen, ARROWS.len(), "a room of ARCHITECTURE.md is missing");
}

#[test]
fn the_engine_can_neither_wait_nor_read_a_clock_nor_draw_lots() {
    let packages = packages().unwrap();
    for name in ["lictor-domain", "lictor-engine"] {
        let package = packages
            .iter()
            .find(|package| package["name"] == name)
            .unwrap();
        for dependency in shipped_dependencies(package) {
            assert!(
                !NOT_IN_THE_ENGINE.contains(&dependency.as_str()),
                "{name} uses {dependency}"
            );
        }
    }
}
