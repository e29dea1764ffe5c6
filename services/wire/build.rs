//! Generates Rust for `lictor.v1` from `proto/`, without a protoc installed.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

const ROOT: &str = "../../proto";
const FILES: [&str; 16] = [
    "lictor/v1/common.proto",
    "lictor/v1/cluster.proto",
    "lictor/v1/node.proto",
    "lictor/v1/hostgroup.proto",
    "lictor/v1/keyspace.proto",
    "lictor/v1/recovery.proto",
    "lictor/v1/routing.proto",
    "lictor/v1/rule.proto",
    "lictor/v1/config.proto",
    "lictor/v1/control_plane.proto",
    "lictor/v1/agent.proto",
    "lictor/v1/history.proto",
    "lictor/v1/operation.proto",
    "lictor/v1/event.proto",
    "lictor/v1/member.proto",
    "lictor/v1/token.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={ROOT}");

    let mut compiler = protox::Compiler::new([ROOT])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(FILES)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("lictor_descriptor.bin"),
        compiler.encode_file_descriptor_set(),
    )?;

    let mut config = tonic_prost_build::Config::new();
    // A message packed into google.protobuf.Any needs to know its name.
    config.enable_type_names();
    // It has a secret; how it is shown is written by hand.
    config.skip_debug(["lictor.v1.CreateTokenResponse"]);
    tonic_prost_build::configure()
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;
    Ok(())
}
