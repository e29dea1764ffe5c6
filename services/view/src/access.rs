//! Tokens, and who the caller is. A secret is in the JSON of what was made just now,
//! and in no `Debug`.

use std::fmt;

use lictor_wire::{WireError, v1};

use crate::time::At;

words! {
    /// What a token lets its holder do.
    TokenRole from Role {
        /// Receive the routing table, and nothing else.
        Subscriber = "subscriber",
        /// Ask for the lease of a MySQL server, and nothing else.
        Agent = "agent",
        /// See everything but tokens, change nothing.
        Viewer = "viewer",
        /// See, and order what keeps clusters writable.
        Operator = "operator",
        /// Do everything.
        Admin = "admin",
    }
}

/// The text of a token.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(value_type = String)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

shown! {
    /// A token, without its text.
    pub struct Token {
        /// What it is revoked by: 12 hexadecimal digits; the text begins with it.
        pub id: String,
        /// What people call it; unique among those in force.
        pub name: String,
        /// What it is for.
        pub role: TokenRole,
        /// The only clusters it is good for; of any cluster when there is none.
        pub clusters: Vec<String>,
        /// When it was made.
        pub created_at: At,
        /// Who made it.
        pub created_by: String,
        /// When it ends by itself; null when it does not.
        pub expires_at: Option<At>,
        /// When it was revoked; null when it was not.
        pub revoked_at: Option<At>,
        /// Who revoked it.
        pub revoked_by: Option<String>,
        /// When it was used last, a quarter of a minute late at most; null when
        /// never.
        pub last_used_at: Option<At>,
        /// The address it was used from then.
        pub last_used_from: Option<String>,
    }

    /// A token that was made.
    pub struct CreatedToken {
        /// It.
        pub token: Token,
        /// Its text: shown this once.
        pub secret: Secret,
    }

    /// A token that was revoked.
    pub struct RevokedToken {
        /// It.
        pub token: Token,
        /// Instances that have not heard of it yet; each does as soon as it can read
        /// Postgres.
        pub unheard: Vec<String>,
    }

    /// Who the caller is.
    pub struct Session {
        /// Its token.
        pub token: Token,
        /// What a browser that changes something sends as `lictor-csrf`; null without
        /// a session cookie.
        pub csrf: Option<String>,
    }
}

lists! {
    TokenList of Token, "tokens, those in force first, in order of name";
}

impl TryFrom<v1::Token> for Token {
    type Error = WireError;

    fn try_from(token: v1::Token) -> Result<Self, WireError> {
        Ok(Self {
            id: token.id,
            name: token.name,
            role: TokenRole::read(token.role),
            clusters: token.clusters,
            created_at: At::said(token.created_at.as_ref(), "created_at")?,
            created_by: token.created_by,
            expires_at: At::read(token.expires_at.as_ref()),
            revoked_at: At::read(token.revoked_at.as_ref()),
            revoked_by: token.revoked_by,
            last_used_at: At::read(token.last_used_at.as_ref()),
            last_used_from: token.last_used_from,
        })
    }
}

impl TryFrom<v1::ListTokensResponse> for TokenList {
    type Error = WireError;

    fn try_from(list: v1::ListTokensResponse) -> Result<Self, WireError> {
        let items = list.tokens.into_iter().map(Token::try_from);
        Ok(Self {
            items: items.collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<v1::CreateTokenResponse> for CreatedToken {
    type Error = WireError;

    fn try_from(created: v1::CreateTokenResponse) -> Result<Self, WireError> {
        Ok(Self {
            token: said(created.token)?,
            secret: created.secret.into(),
        })
    }
}

impl TryFrom<v1::RevokeTokenResponse> for RevokedToken {
    type Error = WireError;

    fn try_from(revoked: v1::RevokeTokenResponse) -> Result<Self, WireError> {
        Ok(Self {
            token: said(revoked.token)?,
            unheard: revoked.unheard,
        })
    }
}

/// The token that an answer has to say.
fn said(token: Option<v1::Token>) -> Result<Token, WireError> {
    let token = token.ok_or_else(|| WireError::missing("token"))?;
    token.try_into()
}

#[cfg(test)]
mod tests {
    use lictor_wire::Timestamp;
    use utoipa::PartialSchema;

    use super::*;
    use crate::fields::assert_fields;

    fn token() -> v1::Token {
        v1::Token {
            name: "ci".to_owned(),
            role: v1::Role::Viewer.into(),
            created_at: Some(Timestamp {
                seconds: 1,
                nanos: 0,
            }),
            ..v1::Token::default()
        }
    }

    fn created() -> CreatedToken {
        let created = v1::CreateTokenResponse {
            token: Some(token()),
            secret: "lictor_0123456789ab_feed".to_owned(),
        };
        created.try_into().unwrap()
    }

    #[test]
    fn a_token_and_the_answers_about_it_have_the_fields_of_the_contract() {
        let shown = Token::try_from(token()).unwrap();
        assert_eq!(serde_json::to_value(shown.role).unwrap(), "viewer");
        assert_fields(
            shown,
            "id name role clusters created_at created_by expires_at revoked_at revoked_by \
             last_used_at last_used_from",
        );
        assert_fields(created(), "token secret");
        let revoked = v1::RevokeTokenResponse {
            token: Some(token()),
            unheard: vec!["b".to_owned()],
        };
        assert_fields(RevokedToken::try_from(revoked).unwrap(), "token unheard");
        let session = Session {
            token: token().try_into().unwrap(),
            csrf: None,
        };
        assert_fields(session, "token csrf");
        let list = v1::ListTokensResponse {
            tokens: vec![token()],
        };
        assert_fields(TokenList::try_from(list).unwrap(), "items");
    }

    #[test]
    fn the_secret_is_text_in_the_json_and_nothing_in_the_debug() {
        let json = serde_json::to_value(created()).unwrap();
        assert_eq!(json["secret"], "lictor_0123456789ab_feed");
        let debug = format!("{:?}", created());
        assert!(
            debug.contains("\"ci\"") && !debug.contains("feed"),
            "{debug}"
        );
        let schema = serde_json::to_value(Secret::schema()).unwrap();
        assert_eq!(schema["type"], "string");
    }

    #[test]
    fn an_answer_without_its_token_is_refused_by_name() {
        let empty = v1::CreateTokenResponse::default();
        let error = CreatedToken::try_from(empty).unwrap_err();
        assert_eq!(error.field(), "token");
        let error = Token::try_from(v1::Token::default()).unwrap_err();
        assert_eq!(error.field(), "created_at");
    }
}
