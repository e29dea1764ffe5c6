//! Browsers' sessions: a signed cookie that stands for a token, for half a day.
//!
//! Nothing of it is stored: a session is as good as its token, and ends with it at
//! once. It holds the token's id, which is no secret.

use chrono::{DateTime, TimeDelta, Utc};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use lictor_domain::TokenId;

use super::key::Keys;

/// The cookie.
const NAME: &str = "lictor_session";
/// How long a session lasts.
const LASTS: TimeDelta = TimeDelta::hours(12);

/// A session that was signed here, or by another instance with the same key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// The token that it stands for.
    pub(crate) token: TokenId,
    /// What was signed.
    text: String,
}

impl Session {
    /// A new session of that token, and the cookie that carries it.
    pub(crate) fn begin(
        keys: &Keys,
        token: &TokenId,
        now: DateTime<Utc>,
        over_tls: bool,
    ) -> (Self, HeaderValue) {
        let nonce = hex::encode(rand::random::<[u8; 8]>());
        let text = format!("{token}.{}.{nonce}", (now + LASTS).timestamp());
        let value = format!("{text}.{}", keys.sign(&text));
        let session = Self {
            token: token.clone(),
            text,
        };
        (session, cookie(&value, LASTS.num_seconds(), over_tls))
    }

    /// The session that the cookies of a request hold: signed, and not over.
    pub(crate) fn of(keys: &Keys, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Self> {
        let (text, signature) = value(headers)?.rsplit_once('.')?;
        if !keys.is_signed(text, signature) {
            return None;
        }
        let mut parts = text.split('.');
        let token = parts.next()?.parse().ok()?;
        let ends: i64 = parts.next()?.parse().ok()?;
        (now.timestamp() < ends).then(|| Self {
            token,
            text: text.to_owned(),
        })
    }

    /// What a page of this session shows with every change: another site's page can
    /// send the cookie, and cannot know this.
    pub(crate) fn csrf(&self, keys: &Keys) -> String {
        keys.form(&self.text)
    }

    /// Whether a page of this session sent this.
    pub(crate) fn is_own(&self, keys: &Keys, shown: Option<&HeaderValue>) -> bool {
        let shown = shown.and_then(|shown| shown.to_str().ok());
        shown.is_some_and(|shown| keys.is_form(&self.text, shown))
    }
}

/// The cookie that ends a session.
pub(crate) fn end(over_tls: bool) -> HeaderValue {
    cookie("", 0, over_tls)
}

/// Whether a request carries a session at all.
pub(crate) fn is_carried(headers: &HeaderMap) -> bool {
    value(headers).is_some()
}

fn cookie(value: &str, seconds: i64, over_tls: bool) -> HeaderValue {
    let secure = if over_tls { "; Secure" } else { "" };
    let text =
        format!("{NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    // Of digits, letters and these signs: it is always a header.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("lictor_session="))
}

fn value(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).into_iter();
    let mut cookies = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    cookies.find_map(|one| one.trim().strip_prefix(NAME)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn keys() -> Keys {
        let dir = TempDir::new().unwrap();
        Keys::open(&dir.path().join("key")).unwrap()
    }

    fn carrying(cookie: &HeaderValue) -> HeaderMap {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        let other = format!("theme=dark; {pair}");
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::try_from(other).unwrap());
        headers
    }

    #[test]
    fn a_session_stands_for_its_token_for_half_a_day() {
        let (keys, now) = (keys(), Utc::now());
        let token: TokenId = "0123456789ab".parse().unwrap();
        let (session, cookie) = Session::begin(&keys, &token, now, true);
        let text = cookie.to_str().unwrap();
        for word in ["; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/"] {
            assert!(text.contains(word), "{text}");
        }
        let headers = carrying(&cookie);
        assert_eq!(Session::of(&keys, &headers, now), Some(session));
        assert_eq!(Session::of(&keys, &headers, now + LASTS), None);
        assert_eq!(Session::of(&self::keys(), &headers, now), None);
    }

    #[test]
    fn what_was_changed_is_no_session() {
        let (keys, now) = (keys(), Utc::now());
        let token: TokenId = "0123456789ab".parse().unwrap();
        let (_, cookie) = Session::begin(&keys, &token, now, false);
        let text = cookie.to_str().unwrap();
        assert!(!text.contains("Secure"), "{text}");
        let other = text.replace("0123456789ab", "0123456789ac");
        let headers = carrying(&HeaderValue::try_from(other).unwrap());
        assert!(is_carried(&headers));
        assert_eq!(Session::of(&keys, &headers, now), None);
        assert_eq!(Session::of(&keys, &carrying(&end(false)), now), None);
    }

    #[test]
    fn only_a_page_of_the_session_knows_what_to_show() {
        let (keys, now) = (keys(), Utc::now());
        let token: TokenId = "0123456789ab".parse().unwrap();
        let (one, _) = Session::begin(&keys, &token, now, false);
        let (other, _) = Session::begin(&keys, &token, now, false);
        let shown = HeaderValue::try_from(one.csrf(&keys)).unwrap();
        assert!(one.is_own(&keys, Some(&shown)));
        assert!(!other.is_own(&keys, Some(&shown)));
        assert!(!one.is_own(&keys, None));
    }
}
