//! What is asked about tokens, and how a browser shows its own.

use lictor_wire::v1;

use crate::access::{Secret, TokenRole};

bodies! {
    /// A token to make.
    pub struct CreateTokenRequest {
        /// What people call it; unique among those in force.
        #[schema(max_length = 64, pattern = "^[A-Za-z0-9._@-]+$")]
        pub name: String,
        /// What it is for.
        pub role: TokenRole,
        /// The only clusters it is to be good for; of any cluster when there is none.
        #[serde(default)]
        pub clusters: Vec<String>,
        /// For how long, in seconds: at most 10 years; for ever when it is not said.
        #[schema(minimum = 1, maximum = 315_360_000)]
        pub expires_in_secs: Option<u64>,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }

    /// Why a token is revoked.
    pub struct RevokeTokenRequest {
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }

    /// The token under which a browser is to act.
    pub struct LogInRequest {
        /// Its text.
        pub token: Secret,
    }
}

impl CreateTokenRequest {
    /// As the service is asked.
    #[must_use]
    pub fn message(self) -> v1::CreateTokenRequest {
        v1::CreateTokenRequest {
            name: self.name,
            role: v1::Role::from(self.role).into(),
            clusters: self.clusters,
            expires_in_secs: self.expires_in_secs,
            reason: self.reason,
        }
    }
}

impl RevokeTokenRequest {
    /// As the service is asked, of the token with that id.
    #[must_use]
    pub fn message(self, id: String) -> v1::RevokeTokenRequest {
        v1::RevokeTokenRequest {
            id,
            reason: self.reason,
        }
    }
}
