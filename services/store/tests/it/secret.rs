use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use lictor_lab::eventually;
use lictor_store::{Store, StoreConfig, StoreError};
use secrecy::SecretString;

use crate::database::Database;

const PASSWORD: &str = "correct-horse";

fn config(authority: &str, database: &str) -> StoreConfig {
    let url = format!("postgres://guarded:{PASSWORD}@{authority}/{database}");
    let mut config = StoreConfig::new(SecretString::from(url));
    config.deadline = Duration::from_millis(300);
    config
}

/// All that a log could show of an error.
fn all_of(error: &StoreError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    text
}

/// A database whose server asks the role `guarded` for another password.
async fn guarded() -> Database {
    let database = Database::empty().await;
    database
        .as_admin()
        .sql(
            "CREATE ROLE guarded LOGIN PASSWORD 'battery-staple';
             CREATE TEMP TABLE rule (line text);
             INSERT INTO rule VALUES
                ('host all guarded all scram-sha-256'), ('host all all all trust');
             DO $$ BEGIN
                EXECUTE format('COPY rule TO %L', current_setting('hba_file'));
             END $$;
             SELECT pg_reload_conf()",
        )
        .await;
    database
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_never_shown() {
    let database = guarded().await;
    let (_, name) = database.url().rsplit_once('/').unwrap();
    let config = config(&database.address().to_string(), name);
    let store = Store::new(&config).unwrap();
    let refused = eventually("the new rule to hold", Duration::from_mins(1), || async {
        match store.ping().await {
            Err(error @ StoreError::Denied(_)) => Ok(error),
            other => Err(format!("{other:?}")),
        }
    });
    let pinged = refused.await.unwrap();
    let migrated = store.migrate().await.unwrap_err();
    for error in [pinged, migrated] {
        assert!(matches!(error, StoreError::Denied(_)), "{error:?}");
        assert!(!all_of(&error).contains(PASSWORD));
    }
    let shown = format!("{store:?} {config:?}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable_and_the_password_is_not_shown() {
    // A port that nobody listens on: it was free a moment ago.
    let port = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().port()
    };
    let store = Store::new(&config(&format!("127.0.0.1:{port}"), "lictor")).unwrap();
    for error in [
        store.ping().await.unwrap_err(),
        store.migrate().await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(!all_of(&error).contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_read_is_denied_and_never_shown() {
    for authority in ["host:port", "[::", "host:5432?sslmode=sometimes&x="] {
        let error = Store::new(&config(authority, "lictor")).unwrap_err();
        assert!(matches!(error, StoreError::Denied(_)), "{error:?}");
        assert!(!all_of(&error).contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_denied() {
    let database = Database::empty().await;
    let store = crate::database::store(&format!("{}-nowhere", database.url()));
    let error = store.ping().await.unwrap_err();
    assert!(matches!(error, StoreError::Denied(_)), "{error:?}");
}
