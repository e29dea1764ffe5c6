//! Tokens, one and all.

use lictor_view::{CreatedToken, RevokedToken, Session, Token, TokenRole};

use super::{long, short};
use crate::output::{Paint, Tone, View, or_dash, plain};
use crate::tokens::Written;

/// Whether it lets anybody in now, as far as is known here.
fn state(token: &Token) -> (String, Tone) {
    let now = chrono::Utc::now();
    if token.revoked_at.is_some() {
        return ("revoked".to_owned(), Tone::Plain);
    }
    match token.expires_at {
        Some(end) if end.0 <= now => ("expired".to_owned(), Tone::Doubtful),
        _ => ("in force".to_owned(), Tone::Good),
    }
}

fn clusters(token: &Token) -> String {
    match token.clusters.as_slice() {
        [] => "all".to_owned(),
        only => only.join(", "),
    }
}

impl View for Vec<Token> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "there is no token".to_owned();
        }
        let row = |it: &Token| {
            vec![
                plain(&it.id),
                plain(&it.name),
                plain(it.role.as_str()),
                plain(clusters(it)),
                state(it),
                plain(or_dash(it.expires_at.map(short))),
                plain(or_dash(it.last_used_at.map(short))),
                plain(or_dash(it.last_used_from.clone())),
                plain(&it.created_by),
            ]
        };
        let header = [
            "ID",
            "NAME",
            "ROLE",
            "CLUSTERS",
            "STATE",
            "EXPIRES (UTC)",
            "LAST USED (UTC)",
            "FROM",
            "MADE BY",
        ];
        paint.table(&header, self.iter().map(row))
    }
}

/// What a token is, in a few words: `ci (0123456789ab), viewer of orders`.
fn words(token: &Token) -> String {
    let of = match (token.role, token.clusters.as_slice()) {
        (TokenRole::Admin, []) => String::new(),
        (_, []) => " of every cluster".to_owned(),
        (_, only) => format!(" of {}", only.join(", ")),
    };
    let until = token.expires_at.map(|end| format!(", until {}", long(end)));
    format!(
        "{} ({}), {}{of}{}",
        token.name,
        token.id,
        token.role,
        until.unwrap_or_default()
    )
}

impl View for CreatedToken {
    fn text(&self, paint: Paint) -> String {
        format!(
            "Made the token {}.\nThis is its text, shown this once; keep it as a secret:\n\n{}",
            words(&self.token),
            paint.bold(self.secret.expose())
        )
    }
}

impl View for Written {
    fn text(&self, _: Paint) -> String {
        let file = self.file.display();
        format!(
            "Made the token {}; its text is in {file}.",
            words(&self.token)
        )
    }
}

impl View for RevokedToken {
    fn text(&self, paint: Paint) -> String {
        let done = format!("Revoked the token {}.", words(&self.token));
        if self.unheard.is_empty() {
            return done;
        }
        let unheard = format!(
            "These have not heard of it yet, and let it in until they can read Postgres: {}.",
            self.unheard.join(", ")
        );
        format!("{done}\n{}", paint.tone(&unheard, Tone::Doubtful))
    }
}

impl View for Session {
    fn text(&self, _: Paint) -> String {
        words(&self.token)
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::{Timestamp, v1};

    use super::*;

    fn token(change: impl FnOnce(&mut v1::Token)) -> v1::Token {
        let mut token = v1::Token {
            id: "0123456789ab".to_owned(),
            name: "ci".to_owned(),
            role: v1::Role::Viewer.into(),
            created_at: Some(Timestamp::default()),
            created_by: "ann".to_owned(),
            ..v1::Token::default()
        };
        change(&mut token);
        token
    }

    fn view(change: impl FnOnce(&mut v1::Token)) -> Token {
        token(change).try_into().unwrap()
    }

    #[test]
    fn the_list_says_which_are_in_force() {
        let past = || Some(Timestamp::default());
        let all = vec![
            view(|it| it.clusters = vec!["orders".to_owned(), "users".to_owned()]),
            view(|it| it.expires_at = past()),
            view(|it| it.revoked_at = past()),
        ];
        let text = all.text(Paint::off());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("ID"), "{text}");
        for (line, part) in [
            (1, "orders, users"),
            (1, "in force"),
            (2, "expired"),
            (3, "revoked"),
        ] {
            assert!(lines[line].contains(part), "{text}");
        }
    }

    #[test]
    fn the_text_of_a_new_token_is_on_a_line_of_its_own() {
        let created = v1::CreateTokenResponse {
            token: Some(token(|_| ())),
            secret: "lictor_0123456789ab_feed".to_owned(),
        };
        let text = CreatedToken::try_from(created).unwrap().text(Paint::off());
        let first = "Made the token ci (0123456789ab), viewer of every cluster.";
        assert_eq!(text.lines().next(), Some(first));
        assert_eq!(text.lines().last(), Some("lictor_0123456789ab_feed"));
    }

    #[test]
    fn who_has_not_heard_of_a_revocation_is_named() {
        let revoked = |unheard: &[&str]| {
            let revoked = v1::RevokeTokenResponse {
                token: Some(token(|it| it.clusters = vec!["orders".to_owned()])),
                unheard: unheard.iter().map(ToString::to_string).collect(),
            };
            RevokedToken::try_from(revoked).unwrap().text(Paint::off())
        };
        let all = revoked(&[]);
        assert_eq!(
            all,
            "Revoked the token ci (0123456789ab), viewer of orders."
        );
        let text = revoked(&["b", "c"]);
        assert!(text.contains("Postgres: b, c."), "{text}");
    }

    #[test]
    fn who_one_is_has_an_end_where_there_is_one() {
        let session = Session {
            token: view(|it| {
                it.role = v1::Role::Admin.into();
                it.expires_at = Some(Timestamp::default());
            }),
            csrf: None,
        };
        let expected = "ci (0123456789ab), admin, until 1970-01-01 00:00:00.000 UTC";
        assert_eq!(session.text(Paint::off()), expected);
    }
}
