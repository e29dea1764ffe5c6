//! What lets callers in at the laboratory's `lictord`: the key that all of them
//! share, the first token, and the agents' one, each in a file.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Files of a laboratory, and the text of its first token.
#[derive(Debug)]
pub(crate) struct Access {
    dir: PathBuf,
    token: String,
}

impl Access {
    /// A new key and a new token that keep their files in `dir`, which is made.
    pub(crate) fn new(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let key: [u8; 32] = rand::random();
        let (id, secret): ([u8; 6], [u8; 32]) = rand::random();
        let access = Self {
            dir: dir.to_owned(),
            token: format!("lictor_{}_{}", hex::encode(id), hex::encode(secret)),
        };
        write(&access.key_file(), &hex::encode(key))?;
        write(&access.token_file(), &access.token)?;
        Ok(access)
    }

    /// The file with the key.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.dir.join("access.key")
    }

    /// The text of the first token, an admin's.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The file with the first token.
    pub(crate) fn token_file(&self) -> PathBuf {
        self.dir.join("bootstrap.token")
    }

    /// The file with the agents' token, once it was made.
    pub(crate) fn agents_token_file(&self) -> PathBuf {
        self.dir.join("agents.token")
    }

    /// Lets the agents show this token from now on.
    pub(crate) fn admit_agents(&self, token: &str) -> Result<()> {
        write(&self.agents_token_file(), token)
    }
}

/// Writes a new file that only its owner may read, whole at once: agents look for it.
fn write(path: &Path, text: &str) -> Result<()> {
    let begun = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&begun)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&begun, path).with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn every_laboratory_has_a_key_and_a_token_of_its_own_that_nobody_else_reads() {
        let dir = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|it| Access::new(&dir.path().join(it)).unwrap());
        assert_ne!(one.token(), other.token());
        one.admit_agents("lictor_0a_0b").unwrap();
        for file in [one.key_file(), one.token_file(), one.agents_token_file()] {
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        }
        let text = fs::read_to_string(one.token_file()).unwrap();
        assert_eq!(text, one.token());
        let lengths: Vec<usize> = text.split('_').map(str::len).collect();
        assert_eq!(lengths, [6, 12, 64]);
        assert_eq!(fs::read_to_string(one.key_file()).unwrap().len(), 64);
    }
}
