//! With files as people have them.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, KeyPair};
use tempfile::TempDir;

use super::*;

/// A certificate `CN=test` that signed itself, and another key.
fn files() -> (TempDir, Identity, PathBuf) {
    let dir = TempDir::new().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, "test");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let write = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let identity = Identity {
        cert_file: write("cert.pem", certificate.pem()),
        key_file: write("key.pem", key.serialize_pem()),
    };
    let other = write("other.pem", KeyPair::generate().unwrap().serialize_pem());
    (dir, identity, other)
}

fn sentence(identity: &Identity) -> String {
    let server = ServerTls {
        identity: identity.clone(),
        client_auth: ClientAuth::None,
    };
    server.read().unwrap_err().to_string()
}

#[test]
fn a_whole_set_of_files_serves_and_tells_what_its_certificate_says() {
    let (_dir, identity, _) = files();
    let server = ServerTls {
        client_auth: ClientAuth::Required(identity.cert_file.clone()),
        identity: identity.clone(),
    };
    let serving = server.read().unwrap();
    assert_eq!(serving.facts.subject, "CN=test");
    let (left, ends) = (
        |now| serving.facts.left(now),
        serving.facts.not_after + Duration::from_secs(1),
    );
    assert!(left(SystemTime::now()).is_some() && left(ends).is_none());
    let client = ClientTls {
        ca_file: Some(identity.cert_file.clone()),
        identity: Some(identity),
    };
    assert!(client.config().is_ok());
    assert!(client.pem().unwrap().identity.is_some());
}

#[test]
fn a_key_of_another_certificate_is_refused_by_name() {
    let (_dir, identity, other) = files();
    let said = sentence(&Identity {
        key_file: other,
        ..identity
    });
    assert!(said.contains("other.pem cannot be used with"), "{said}");
}

#[test]
fn a_file_that_holds_something_else_or_nothing_is_named() {
    let (dir, identity, _) = files();
    let swapped = Identity {
        cert_file: identity.key_file.clone(),
        key_file: identity.cert_file.clone(),
    };
    let said = sentence(&swapped);
    assert!(said.ends_with("key.pem holds no certificate"), "{said}");
    let keyless = Identity {
        key_file: identity.cert_file.clone(),
        ..identity.clone()
    };
    let said = sentence(&keyless);
    assert!(said.ends_with("cert.pem holds no private key"), "{said}");
    let absent = Identity {
        cert_file: dir.path().join("absent.pem"),
        ..identity
    };
    let said = sentence(&absent);
    assert!(said.ends_with("absent.pem cannot be read"), "{said}");
}

#[test]
fn authorities_that_are_none_are_refused() {
    let (dir, identity, other) = files();
    let trusting = |path: &Path| ClientTls {
        ca_file: Some(path.to_owned()),
        identity: None,
    };
    let said = trusting(&other).config().unwrap_err().to_string();
    assert!(said.ends_with("other.pem holds no certificate"), "{said}");
    let garbage = dir.path().join("garbage.pem");
    std::fs::write(
        &garbage,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let said = trusting(&garbage).pem().err().unwrap().to_string();
    assert!(said.contains("holds an unusable certificate"), "{said}");
    assert!(trusting(&identity.cert_file).config().is_ok());
}
