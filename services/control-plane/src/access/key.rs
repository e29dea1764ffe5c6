//! The key that the instances of one control plane share: it proves one to another,
//! and signs browsers' sessions. It never leaves its file.
//!
//! Each use has a key of its own, made from the one in the file, so that what proves
//! one thing proves no other.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// Bytes of the key; the file has them in hexadecimal.
const KEY: usize = 32;
/// What the file may grant to others: nothing.
const OTHERS: u32 = 0o077;
const OF_MEMBERS: &[u8] = b"lictor member 1";
const OF_SESSIONS: &[u8] = b"lictor session 1";
const OF_FORMS: &[u8] = b"lictor csrf 1";

/// Why there is no key.
#[derive(Debug, Error)]
pub(crate) enum KeyError {
    /// The file cannot be read or made.
    #[error("{path} cannot be read or made")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others can read it.
    #[error("{path} can be read by others; run chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It holds no key.
    #[error("{path} holds no key: {} hexadecimal digits are needed", KEY * 2)]
    NoKey {
        /// The file.
        path: PathBuf,
    },
}

/// The keys made of the one in the file.
pub(crate) struct Keys {
    member: SecretString,
    sessions: hmac::Key,
    forms: hmac::Key,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the key, or makes one where there is no such file.
    ///
    /// # Errors
    /// [`KeyError`], which never shows what the file holds.
    pub(crate) fn open(path: &Path) -> Result<Self, KeyError> {
        let file = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        match make(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(file)?,
        }
        let mode = fs::metadata(path).map_err(file)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(KeyError::Open {
                path: path.to_owned(),
            });
        }
        let text = fs::read_to_string(path).map_err(file)?;
        let key = hex::decode(text.trim()).ok();
        let key = key.filter(|key| key.len() == KEY);
        let key = key.ok_or_else(|| KeyError::NoKey {
            path: path.to_owned(),
        })?;
        Ok(Self::of(&key))
    }

    fn of(key: &[u8]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derived = |label| hmac::sign(&root, label);
        let own = |label| hmac::Key::new(hmac::HMAC_SHA256, derived(label).as_ref());
        Self {
            member: hex::encode(derived(OF_MEMBERS)).into(),
            sessions: own(OF_SESSIONS),
            forms: own(OF_FORMS),
        }
    }

    /// What shows other instances that this one belongs to them.
    pub(crate) fn member(&self) -> &SecretString {
        &self.member
    }

    /// Whether this is what another instance shows.
    pub(crate) fn is_member(&self, shown: &[u8]) -> bool {
        let own = self.member.expose_secret().as_bytes();
        verify_slices_are_equal(own, shown).is_ok()
    }

    /// Signs a session.
    pub(super) fn sign(&self, session: &str) -> String {
        hex::encode(hmac::sign(&self.sessions, session.as_bytes()))
    }

    /// Whether a session was signed with this key.
    pub(super) fn is_signed(&self, session: &str, signature: &str) -> bool {
        is_of(&self.sessions, session, signature)
    }

    /// What a page has to show beside its session.
    pub(super) fn form(&self, session: &str) -> String {
        hex::encode(hmac::sign(&self.forms, session.as_bytes()))
    }

    /// Whether a page of that session shows this.
    pub(super) fn is_form(&self, session: &str, shown: &str) -> bool {
        is_of(&self.forms, session, shown)
    }
}

fn is_of(key: &hmac::Key, text: &str, tag: &str) -> bool {
    let tag = hex::decode(tag).unwrap_or_default();
    hmac::verify(key, text.as_bytes(), &tag).is_ok()
}

/// Makes the file with a new key, whole or not at all.
fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    write_secret(path, &hex::encode(rand::random::<[u8; KEY]>()))
}

/// Writes a new file that nobody else can read: whole, or not at all.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is one.
pub(super) fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        fs::hard_link(&beside, path)
    })();
    let removed = fs::remove_file(&beside);
    written.and(removed)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_by_its_owner_alone() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("key");
        let first = Keys::open(&path).unwrap();
        let second = Keys::open(&path).unwrap();
        assert!(first.is_member(second.member().expose_secret().as_bytes()));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let error = Keys::open(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    #[test]
    fn what_is_no_key_is_not_shown() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("key");
        write_secret(&path, "hunter2").unwrap();
        let error = Keys::open(&path).unwrap_err().to_string();
        assert!(error.contains("64 hexadecimal"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(write_secret(&path, "again").is_err());
    }

    #[test]
    fn what_proves_one_thing_proves_no_other() {
        let (one, other) = (Keys::of(&[1; KEY]), Keys::of(&[2; KEY]));
        let signed = one.sign("a");
        assert!(one.is_signed("a", &signed));
        assert!(!one.is_signed("b", &signed) && !other.is_signed("a", &signed));
        assert!(!one.is_form("a", &signed) && one.is_form("a", &one.form("a")));
        assert!(!one.is_member(other.member().expose_secret().as_bytes()));
        assert!(!one.is_member(b""));
        let shown = format!("{one:?}");
        assert!(!shown.contains(one.member().expose_secret()), "{shown}");
    }
}
