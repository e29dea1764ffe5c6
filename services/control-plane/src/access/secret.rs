//! A token's text: `lictor_ID_SECRET`, random, recognisable to those who search for
//! secrets in the wrong places. Only its hash is kept.

use lictor_domain::TokenId;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

const PREFIX: &str = "lictor";
/// Bytes of the secret: nobody guesses it, so that a plain hash is enough.
const SECRET: usize = 32;

/// SHA-256 of a token's text.
pub(crate) type Hash = [u8; 32];

/// A new text, and its id.
pub(super) fn new() -> (TokenId, SecretString) {
    let id = hex::encode(rand::random::<[u8; TokenId::LENGTH / 2]>());
    let secret = hex::encode(rand::random::<[u8; SECRET]>());
    let text = SecretString::from(format!("{PREFIX}_{id}_{secret}"));
    match id.parse() {
        Ok(id) => (id, text),
        // Hexadecimal digits, and as many as an id has.
        Err(_) => new(),
    }
}

/// The id in a text of this form; `None` when it is of another.
pub(super) fn id(text: &str) -> Option<TokenId> {
    let rest = text.strip_prefix(PREFIX)?.strip_prefix('_')?;
    let (id, secret) = rest.split_once('_')?;
    let whole = secret.len() == SECRET * 2 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    id.parse().ok().filter(|_| whole)
}

/// What is kept of a text.
pub(crate) fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// The same of a secret.
pub(super) fn hash_of(text: &SecretString) -> Hash {
    hash(text.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_begins_with_its_id_and_is_new_each_time() {
        let (own, text) = new();
        assert_eq!(id(text.expose_secret()), Some(own));
        let (_, other) = new();
        assert_ne!(hash_of(&text), hash_of(&other));
    }

    #[test]
    fn what_is_of_another_form_has_no_id() {
        let good = format!("lictor_0123456789ab_{}", "0f".repeat(SECRET));
        assert!(id(&good).is_some());
        for bad in [
            "",
            "lictor_",
            "hunter2",
            &good[1..],
            &good[..good.len() - 1],
            &good.replace("0123456789ab", "0123456789aB"),
        ] {
            assert_eq!(id(bad), None, "{bad}");
        }
    }
}
