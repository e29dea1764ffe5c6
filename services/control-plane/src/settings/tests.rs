use std::io::Write;
use std::path::PathBuf;

use lictor_mysql::{Tls, Verify};
use lictor_tls::ClientAuth;
use secrecy::ExposeSecret;
use tempfile::{NamedTempFile, TempDir};

use super::*;
use crate::args::Flags;

const GOOD: &str = "
    listen = '127.0.0.5:7400'
    [postgres]
    url = 'postgres://lictor:pg-secret@127.0.0.5/lictor'
    [consul]
    address = 'http://127.0.0.5:8500'
    [mysql]
    user = 'lictor'
    password_file = 'DIR/control'
    replication_user = 'repl'
    replication_password_file = 'DIR/replication'
    [log]
    format = 'json'
";

/// A directory with the two password files.
fn secrets() -> TempDir {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("control"), "control-secret\n").unwrap();
    std::fs::write(dir.path().join("replication"), "repl-secret").unwrap();
    dir
}

fn with_dir(text: &str, dir: &TempDir) -> String {
    text.replace("DIR", dir.path().to_str().unwrap())
}

fn load(
    text: &str,
    flags: &Flags,
    environment: &[(&str, &str)],
) -> Result<Document, SettingsError> {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let flags = Flags {
        config: Some(file.path().to_owned()),
        ..flags.clone()
    };
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Document::from_sources(&flags, environment)
}

fn from_file(text: &str) -> Result<Document, SettingsError> {
    load(text, &Flags::default(), &[])
}

fn settings(text: &str, environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::new(load(text, &Flags::default(), environment)?)
}

fn orders() -> ClusterName {
    "orders".parse().unwrap()
}

#[test]
fn a_cluster_may_have_accounts_of_its_own() {
    let dir = secrets();
    let text = with_dir(GOOD, &dir);
    let file = dir.path().join("replication").display().to_string();
    let own = [
        ("mysql.clusters.orders.user", "lictor_orders"),
        ("mysql.clusters.orders.password_file", &file),
    ];
    let mysql = settings(&text, &own).unwrap().mysql;
    let control = mysql.control_account(&orders());
    assert_eq!(control.user, "lictor_orders");
    assert_eq!(control.password.expose_secret(), "repl-secret");
    assert_eq!(mysql.replication_account(&orders()).user, "repl");
    let other = mysql.control_account(&"users".parse().unwrap());
    assert_eq!(other.user, "lictor");
    for half in &own {
        let error = settings(&text, &[*half]).unwrap_err().to_string();
        assert!(error.contains("mysql.clusters.*."), "{error}");
    }
}

#[test]
fn a_whole_file_is_read_with_its_secrets() {
    let dir = secrets();
    let settings = settings(&with_dir(GOOD, &dir), &[]).unwrap();
    assert_eq!(settings.listen, "127.0.0.5:7400".parse().unwrap());
    assert_eq!(settings.advertise, "http://127.0.0.5:7400");
    assert_eq!(settings.instance, "127.0.0.5:7400");
    assert_eq!(settings.lease, LeaseTiming::default());
    assert_eq!(settings.log.format, LogFormat::Json);
    let control = settings.mysql.control_account(&orders());
    assert_eq!(control.password.expose_secret(), "control-secret");
    let url = settings.postgres.config().url;
    assert!(url.expose_secret().contains("pg-secret"));
}

#[test]
fn an_unknown_key_is_named_with_what_is_allowed() {
    let error = from_file("[postgres]\nulr = 'x'").unwrap_err().to_string();
    assert!(error.contains("unknown key `postgres.ulr`"), "{error}");
    assert!(
        error.contains("allowed here: url, url_file, max_connections"),
        "{error}"
    );

    let error = from_file("lisen = 'x'").unwrap_err().to_string();
    assert!(error.contains("unknown key `lisen`"), "{error}");

    let unknown = [("consul.adress", "http://127.0.0.1:8500")];
    let error = load("", &Flags::default(), &unknown)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "environment variable LICTOR_CONSUL__ADRESS: unknown key `consul.adress`; allowed here: \
         address, token, token_file, ca_file, cert_file, key_file, plaintext"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named_and_not_shown() {
    let error = from_file("[mysql]\nuser = 314159").unwrap_err().to_string();
    assert!(
        error.contains("`mysql.user` is not valid: it is a number"),
        "{error}"
    );
    assert!(!error.contains("314159"), "{error}");

    for text in ["'many'", "0", "-1", "true"] {
        let text = format!("[postgres]\nmax_connections = {text}");
        let error = from_file(&text).unwrap_err().to_string();
        assert!(error.contains("postgres.max_connections"), "{error}");
        assert!(error.contains("a whole number from 1"), "{error}");
    }

    let error = from_file("postgres = 3").unwrap_err().to_string();
    assert!(
        error.contains("`postgres` is not valid: it is a number"),
        "{error}"
    );
}

#[test]
fn a_word_that_is_none_is_named_with_the_words_that_are() {
    let error = from_file("[log]\nformat = 'xml'").unwrap_err().to_string();
    assert!(error.contains("`log.format`"), "{error}");
    assert!(
        error.contains("`xml` is unknown; use one of: text, json"),
        "{error}"
    );
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let text = "listen = '127.0.0.1:1'\n[postgres]\nmax_connections = 3\n[log]\nlevel = 'warn'";
    let environment = [
        ("listen", "127.0.0.1:2"),
        ("postgres.max_connections", "12"),
        ("log.format", "json"),
    ];
    let document = load(text, &Flags::default(), &environment).unwrap();
    assert_eq!(document.listen, "127.0.0.1:2".parse().unwrap());
    assert_eq!(document.postgres.max_connections.get(), 12);
    assert_eq!(document.log.format, LogFormat::Json);
    assert_eq!(document.log.level, "warn", "what is not said again stays");

    let flags = Flags {
        listen: Some("127.0.0.1:3".parse().unwrap()),
        log_format: Some(LogFormat::Text),
        config: None,
    };
    let document = load(text, &flags, &environment).unwrap();
    assert_eq!(document.listen, "127.0.0.1:3".parse().unwrap());
    assert_eq!(document.log.format, LogFormat::Text);
}

#[test]
fn a_password_in_the_environment_is_a_text_whatever_it_looks_like() {
    let dir = secrets();
    let text = with_dir(GOOD, &dir).replace("password_file", "replication_password_file");
    let text = text.replace("replication_replication", "replication");
    let text = text.replacen("    replication_password_file", "    #", 1);
    for password in ["007", "true", "[x]", "\"q\"", " sp ace"] {
        let document = load(&text, &Flags::default(), &[("mysql.password", password)]).unwrap();
        let account = Settings::new(document)
            .unwrap()
            .mysql
            .control_account(&orders());
        assert_eq!(account.password.expose_secret(), password);
    }
}

#[test]
fn a_password_in_the_file_is_refused() {
    let error = from_file("[mysql]\npassword = 'hunter2'")
        .unwrap_err()
        .to_string();
    assert!(error.contains("mysql.password_file"), "{error}");
    assert!(error.contains("LICTOR_MYSQL__PASSWORD"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn the_shown_settings_contain_no_secret_and_can_be_read_again() {
    let dir = secrets();
    let environment = [
        ("consul.token", "consul-secret"),
        ("postgres.url", "postgres://a:pg-secret@b/c"),
    ];
    let document = load(&with_dir(GOOD, &dir), &Flags::default(), &environment).unwrap();
    let settings = Settings::new(document.clone()).unwrap();
    let shown = settings.shown();
    assert!(shown.contains("url = \"***\""), "{shown}");
    assert!(shown.contains("token = \"***\""), "{shown}");
    assert!(shown.contains("instance = \"127.0.0.5:7400\""), "{shown}");
    let debug = format!("{document:?} {settings:?}");
    for secret in [
        "pg-secret",
        "consul-secret",
        "control-secret",
        "repl-secret",
    ] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!debug.contains(secret), "{debug}");
    }
    from_file(&shown.replace("token = \"***\"", "")).unwrap();
}

#[test]
fn what_is_missing_is_named_with_the_ways_to_say_it() {
    let error = settings("", &[]).unwrap_err().to_string();
    assert_eq!(
        error,
        "setting `postgres.url` is not right: set it by LICTOR_POSTGRES__URL, or set \
         `postgres.url_file`"
    );
}

#[test]
fn a_missing_password_file_is_named_by_its_path() {
    let dir = secrets();
    std::fs::remove_file(dir.path().join("control")).unwrap();
    let error = settings(&with_dir(GOOD, &dir), &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("`mysql.password_file`"), "{error}");
    let path: PathBuf = dir.path().join("control");
    assert!(error.contains(path.to_str().unwrap()), "{error}");
}

#[test]
fn a_secret_said_twice_is_refused() {
    let dir = secrets();
    let twice = [("mysql.password", "x")];
    let error = settings(&with_dir(GOOD, &dir), &twice)
        .unwrap_err()
        .to_string();
    assert!(error.contains("are both set"), "{error}");
}

#[test]
fn a_broken_file_says_where_and_shows_no_line() {
    let error = from_file("listen = '127.0.0.1:1'\n[mysql\npassword = 'hunter2'").unwrap_err();
    let error = error.to_string();
    assert!(error.contains("line 2"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn an_address_that_others_cannot_reach_is_refused() {
    let dir = secrets();
    let text = with_dir(GOOD, &dir);
    let error = settings(&text, &[("listen", "0.0.0.0:7400")])
        .unwrap_err()
        .to_string();
    assert!(error.contains("`advertise`"), "{error}");
    let said = [
        ("listen", "0.0.0.0:7400"),
        ("advertise", "http://lictor-1:7400/"),
        ("tls.plaintext", "true"),
    ];
    let settings = settings(&text, &said).unwrap();
    assert_eq!(settings.advertise, "http://lictor-1:7400");
    assert_eq!(settings.instance, "lictor-1:7400");
}

#[test]
fn lease_times_that_do_not_hold_together_are_refused() {
    let dir = secrets();
    let renew = [("lease.renew_ms", "1400")];
    let error = settings(&with_dir(GOOD, &dir), &renew)
        .unwrap_err()
        .to_string();
    assert!(error.contains("setting `lease`"), "{error}");
}

#[test]
fn an_agents_lease_outlives_a_change_of_leaders() {
    let dir = secrets();
    let good = settings(&with_dir(GOOD, &dir), &[("agent.lease_ms", "3000")]).unwrap();
    assert_eq!(good.agent_lease, std::time::Duration::from_secs(3));
    for bad in ["2999", "600001"] {
        let error = settings(&with_dir(GOOD, &dir), &[("agent.lease_ms", bad)]);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("setting `agent.lease_ms`"), "{error}");
        assert!(error.contains(bad), "{error}");
    }
}

#[test]
fn plaintext_that_others_can_hear_has_to_be_said() {
    let dir = secrets();
    let text = with_dir(GOOD, &dir);
    let public = ("listen", "10.0.0.5:7400");
    let error = settings(&text, &[public]).unwrap_err().to_string();
    assert!(error.contains("`tls.cert_file`"), "{error}");
    assert!(error.contains("say `tls.plaintext = true`"), "{error}");
    let said = settings(&text, &[public, ("tls.plaintext", "true")]).unwrap();
    assert_eq!((said.tls, &*said.advertise), (None, "http://10.0.0.5:7400"));
    assert_eq!(settings(&text, &[]).unwrap().tls, None, "only loopback");
}

#[test]
fn with_a_certificate_it_is_advertised_by_https() {
    let dir = secrets();
    let text = with_dir(GOOD, &dir);
    let tls = [
        ("listen", "10.0.0.5:7400"),
        ("tls.cert_file", "/c.pem"),
        ("tls.key_file", "/k.pem"),
    ];
    let said = settings(&text, &tls).unwrap();
    assert_eq!(said.advertise, "https://10.0.0.5:7400");
    assert_eq!(said.tls.unwrap().serving.client_auth, ClientAuth::None);
    let asking = [
        ("tls.client_auth", "required"),
        ("tls.client_ca_file", "/ca.pem"),
    ];
    let said = settings(&text, &[&tls[..], &asking].concat()).unwrap();
    let required = ClientAuth::Required("/ca.pem".into());
    assert_eq!(said.tls.unwrap().serving.client_auth, required);
}

#[test]
fn what_does_not_go_together_about_tls_is_named() {
    let dir = secrets();
    let text = with_dir(GOOD, &dir);
    let (cert, key) = (("tls.cert_file", "/c"), ("tls.key_file", "/k"));
    let (ca, auth) = (
        ("tls.client_ca_file", "/ca"),
        ("tls.client_auth", "required"),
    );
    let plaintext = ("tls.plaintext", "true");
    for (said, named) in [
        (&[cert][..], "`tls.key_file`"),
        (&[key], "`tls.cert_file`"),
        (&[cert, key, plaintext], "`tls.plaintext`"),
        (&[cert, key, auth], "`tls.client_ca_file`"),
        (&[cert, key, ca], "`tls.client_auth`"),
        (&[ca, auth], "`tls.cert_file`"),
        (&[("tls.ca_file", "/ca")], "`tls.cert_file`"),
    ] {
        let error = settings(&text, said).unwrap_err().to_string();
        assert!(error.contains(&format!("setting {named}")), "{error}");
    }
}

#[test]
fn a_token_that_others_could_hear_is_not_sent_unless_it_is_said() {
    let dir = secrets();
    let text = with_dir(GOOD, &dir);
    let (far, token) = (
        ("consul.address", "http://10.0.0.2:8500"),
        ("consul.token", "consul-secret"),
    );
    let error = settings(&text, &[far, token]).unwrap_err().to_string();
    assert!(error.contains("`consul.address`"), "{error}");
    assert!(!error.contains("consul-secret"), "{error}");
    let over_tls = ("consul.address", "https://10.0.0.2:8500");
    for said in [
        &[far][..],
        &[over_tls, token],
        &[far, token, ("consul.plaintext", "true")],
    ] {
        assert!(settings(&text, said).is_ok(), "{said:?}");
    }
}

#[test]
fn how_connections_to_the_nodes_are_protected_is_said_whole_or_not_at_all() {
    let dir = secrets();
    let text = with_dir(GOOD, &dir);
    let unsaid = settings(&text, &[]).unwrap().mysql;
    assert_eq!(unsaid.control_account(&orders()).tls, Tls::OffLoopback);
    assert_eq!(unsaid.replication_account(&orders()).tls, Tls::Disabled);
    let replicas = [
        ("mysql.replication_tls", "verify_identity"),
        ("mysql.replication_ca_file", "/on/the/nodes.pem"),
    ];
    let said = settings(&text, &replicas).unwrap().mysql;
    let Tls::Demanded(demand) = said.replication_account(&orders()).tls else {
        panic!("{said:?}");
    };
    assert_eq!(demand.verify, Verify::Identity);
    for (said, named) in [
        (&[("mysql.ca_file", "/ca.pem")][..], "`mysql.tls`"),
        (&[("mysql.tls", "verify_ca")], "`mysql.ca_file`"),
        (
            &[
                ("mysql.tls", "verify_ca"),
                ("mysql.ca_file", "/absent/ca.pem"),
            ],
            "`mysql.tls` is not right: /absent/ca.pem cannot be read",
        ),
        (
            &[("mysql.replication_tls", "required"), replicas[1]],
            "`mysql.replication_tls`",
        ),
    ] {
        let error = settings(&text, said).unwrap_err().to_string();
        assert!(error.contains(&format!("setting {named}")), "{error}");
    }
}
