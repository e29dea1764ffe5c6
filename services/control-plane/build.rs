//! Puts the web UI into the program, when it was built before: whatever is in
//! `web/dist`, or else nothing. So lictord can be built without Node.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const DIST: &str = "../../web/dist";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={DIST}");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let embedded = PathBuf::from(out).join("web");
    if embedded.exists() {
        fs::remove_dir_all(&embedded)?;
    }
    fs::create_dir(&embedded)?;
    let dist = Path::new(DIST);
    if dist.join("index.html").is_file() {
        copy(dist, &embedded)?;
    }
    Ok(())
}

/// What is hidden tells only how it was built.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
