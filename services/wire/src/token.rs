//! Tokens, on the wire. Only the answer to their creation has a secret, and no
//! `Debug` shows it.

use std::collections::BTreeSet;
use std::fmt;

use lictor_domain::access::{LastUse, Revoked};
use lictor_domain::access::{Role, Scope, Token, TokenId, TokenName};

use crate::error::{parse, required};
use crate::policy::known;
use crate::{WireError, instant, timestamp, v1};

impl From<Role> for v1::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Subscriber => Self::Subscriber,
            Role::Agent => Self::Agent,
            Role::Viewer => Self::Viewer,
            Role::Operator => Self::Operator,
            Role::Admin => Self::Admin,
        }
    }
}

impl TryFrom<v1::Role> for Role {
    type Error = WireError;

    fn try_from(role: v1::Role) -> Result<Self, WireError> {
        Ok(match role {
            v1::Role::Unspecified => return Err(WireError::missing("role")),
            v1::Role::Subscriber => Self::Subscriber,
            v1::Role::Agent => Self::Agent,
            v1::Role::Viewer => Self::Viewer,
            v1::Role::Operator => Self::Operator,
            v1::Role::Admin => Self::Admin,
        })
    }
}

impl v1::CreateTokenRequest {
    /// The name it asks for.
    pub fn name_read(&self) -> Result<TokenName, WireError> {
        parse(&self.name, "name")
    }

    /// The role it asks for.
    pub fn role_read(&self) -> Result<Role, WireError> {
        role(self.role)
    }

    /// The clusters it asks for.
    pub fn scope_read(&self) -> Result<Scope, WireError> {
        scope(&self.clusters)
    }
}

impl v1::RevokeTokenRequest {
    /// Which token it is about.
    pub fn id_read(&self) -> Result<TokenId, WireError> {
        parse(&self.id, "id")
    }
}

impl From<&Token> for v1::Token {
    fn from(token: &Token) -> Self {
        let (revoked, last_use) = (token.revoked.as_ref(), token.last_use.as_ref());
        Self {
            id: token.id.to_string(),
            name: token.name.to_string(),
            role: v1::Role::from(token.role).into(),
            clusters: token.scope.clusters().map(ToString::to_string).collect(),
            created_at: Some(timestamp(token.created_at)),
            created_by: token.created_by.clone(),
            expires_at: token.expires_at.map(timestamp),
            revoked_at: revoked.map(|it| timestamp(it.at)),
            revoked_by: revoked.map(|it| it.by.clone()),
            last_used_at: last_use.map(|it| timestamp(it.at)),
            last_used_from: last_use.and_then(|it| it.from).map(|it| it.to_string()),
        }
    }
}

impl TryFrom<v1::Token> for Token {
    type Error = WireError;

    fn try_from(token: v1::Token) -> Result<Self, WireError> {
        let created_at = required(token.created_at.as_ref(), "created_at")?;
        let expires_at = token.expires_at.as_ref();
        let expires_at = expires_at.map(|at| instant(at, "expires_at")).transpose()?;
        Ok(Self {
            id: parse(&token.id, "id")?,
            name: parse(&token.name, "name")?,
            role: role(token.role)?,
            scope: scope(&token.clusters)?,
            created_at: instant(created_at, "created_at")?,
            expires_at,
            revoked: revoked(&token)?,
            last_use: last_use(&token)?,
            created_by: token.created_by,
        })
    }
}

fn role(number: i32) -> Result<Role, WireError> {
    known::<v1::Role>(number, "role")?.try_into()
}

fn scope(clusters: &[String]) -> Result<Scope, WireError> {
    let read = |(at, name): (usize, &String)| parse(name, format!("clusters[{at}]"));
    let clusters: Result<BTreeSet<_>, _> = clusters.iter().enumerate().map(read).collect();
    clusters.map(Scope::of)
}

fn revoked(token: &v1::Token) -> Result<Option<Revoked>, WireError> {
    let Some(at) = token.revoked_at.as_ref() else {
        return Ok(None);
    };
    Ok(Some(Revoked {
        at: instant(at, "revoked_at")?,
        by: required(token.revoked_by.clone(), "revoked_by")?,
    }))
}

fn last_use(token: &v1::Token) -> Result<Option<LastUse>, WireError> {
    let Some(at) = token.last_used_at.as_ref() else {
        return Ok(None);
    };
    let from = token.last_used_from.as_deref();
    let from = from.map(|from| parse(from, "last_used_from")).transpose()?;
    Ok(Some(LastUse {
        at: instant(at, "last_used_at")?,
        from,
    }))
}

impl fmt::Debug for v1::CreateTokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateTokenResponse")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            id: "0123456789ab".parse().unwrap(),
            name: "ci".parse().unwrap(),
            role: Role::Operator,
            scope: Scope::of(["orders", "users"].map(|it| it.parse().unwrap()).into()),
            created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            created_by: "ann".to_owned(),
            expires_at: Some("2026-02-01T00:00:00Z".parse().unwrap()),
            revoked: Some(Revoked {
                at: "2026-01-03T00:00:00Z".parse().unwrap(),
                by: "bob".to_owned(),
            }),
            last_use: Some(LastUse {
                at: "2026-01-02T00:00:00Z".parse().unwrap(),
                from: Some("10.0.0.5".parse().unwrap()),
            }),
        }
    }

    #[test]
    fn a_token_reads_back_as_sent() {
        let plain = Token {
            scope: Scope::All,
            expires_at: None,
            revoked: None,
            last_use: None,
            ..token()
        };
        for token in [token(), plain] {
            let sent = v1::Token::from(&token);
            assert_eq!(Token::try_from(sent).unwrap(), token);
        }
    }

    #[test]
    fn a_role_reads_back_as_sent_and_one_that_is_not_said_is_named() {
        for role in Role::ALL {
            assert_eq!(Role::try_from(v1::Role::from(role)).unwrap(), role);
        }
        for wrong in [0, 99] {
            let asked = v1::CreateTokenRequest {
                role: wrong,
                ..v1::CreateTokenRequest::default()
            };
            assert_eq!(asked.role_read().unwrap_err().field(), "role");
        }
    }

    #[test]
    fn what_is_no_token_is_refused_by_the_name_of_the_field() {
        let good = || v1::Token::from(&token());
        let moment = || Some(timestamp(token().created_at));
        for (wrong, field) in [
            (
                v1::Token {
                    id: "x".to_owned(),
                    ..good()
                },
                "id",
            ),
            (
                v1::Token {
                    name: String::new(),
                    ..good()
                },
                "name",
            ),
            (v1::Token { role: 0, ..good() }, "role"),
            (
                v1::Token {
                    clusters: vec!["or ders".to_owned()],
                    ..good()
                },
                "clusters[0]",
            ),
            (
                v1::Token {
                    created_at: None,
                    ..good()
                },
                "created_at",
            ),
            (
                v1::Token {
                    revoked_at: moment(),
                    revoked_by: None,
                    ..good()
                },
                "revoked_by",
            ),
            (
                v1::Token {
                    last_used_from: Some("home".to_owned()),
                    ..good()
                },
                "last_used_from",
            ),
        ] {
            assert_eq!(Token::try_from(wrong).unwrap_err().field(), field);
        }
    }

    #[test]
    fn the_secret_of_a_new_token_is_not_in_its_debug() {
        let created = v1::CreateTokenResponse {
            token: Some((&token()).into()),
            secret: "lictor_0123456789ab_feed".to_owned(),
        };
        let shown = format!("{created:?}");
        assert!(
            shown.contains("\"ci\"") && !shown.contains("feed"),
            "{shown}"
        );
    }
}
