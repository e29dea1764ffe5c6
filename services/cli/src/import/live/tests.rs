//! Against a double of ProxySQL's admin interface. It behaves as the real one,
//! version 2.7, was measured to: it refuses `@@` variables and prepared
//! statements, breaks on `COM_RESET_CONNECTION`, gives every value as text, and
//! has 1045 for nearly every error.

use std::io;
use std::sync::{Arc, Mutex};

use lictor_document::import::proxysql;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A statement, the columns of its answer, and the rows.
type Answer = (
    &'static str,
    &'static [&'static str],
    &'static [&'static [Option<&'static str>]],
);

const ANSWERS: [Answer; 5] = [
    (
        "SELECT * FROM runtime_mysql_servers WHERE status <> 'OFFLINE_HARD'",
        &[
            "hostgroup_id",
            "hostname",
            "port",
            "status",
            "weight",
            "comment",
        ],
        &[
            &[
                Some("10"),
                Some("10.0.0.11"),
                Some("3306"),
                Some("ONLINE"),
                Some("1"),
                Some(""),
            ],
            &[
                Some("11"),
                Some("10.0.0.12"),
                Some("3306"),
                Some("SHUNNED"),
                Some("5"),
                Some(""),
            ],
        ],
    ),
    (
        "SELECT * FROM runtime_mysql_replication_hostgroups",
        &[
            "writer_hostgroup",
            "reader_hostgroup",
            "check_type",
            "comment",
        ],
        &[&[Some("10"), Some("11"), Some("read_only"), Some("orders")]],
    ),
    (
        "SELECT * FROM runtime_mysql_query_rules",
        &[
            "rule_id",
            "active",
            "match_digest",
            "flagOUT",
            "destination_hostgroup",
            "apply",
        ],
        &[&[
            Some("1"),
            Some("1"),
            Some("^SELECT"),
            None,
            Some("11"),
            Some("1"),
        ]],
    ),
    (
        "SELECT username, default_hostgroup FROM runtime_mysql_users",
        &["username", "default_hostgroup"],
        &[&[Some("app"), Some("10")], &[Some("app"), Some("10")]],
    ),
    (
        "SELECT COUNT(*) FROM runtime_scheduler",
        &["COUNT(*)"],
        &[&[Some("2")]],
    ),
];

/// What the double was asked.
type Asked = Arc<Mutex<Vec<String>>>;

/// Starts a double; its URL, and what it is asked.
async fn double() -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mysql://admin@{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let record = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let session = Session {
                stream,
                sequence: 0,
            };
            let _ = session.serve(&record).await;
        }
    });
    (url, asked)
}

struct Session {
    stream: TcpStream,
    sequence: u8,
}

impl Session {
    async fn serve(mut self, asked: &Asked) -> io::Result<()> {
        self.send(&greeting()).await?;
        let login = self.receive().await?;
        // Capabilities, packet size, character set and 23 zeros; then the user.
        let rest = login.get(32..).unwrap_or_default();
        let user = rest.split(|byte| *byte == 0).next().unwrap_or_default();
        let proof = rest.get(user.len() + 1).copied().unwrap_or_default();
        if user != b"admin" || proof == 0 {
            return self
                .refuse("ProxySQL Error: Access denied for user 'admin'")
                .await;
        }
        self.send(&OK).await?;
        loop {
            self.sequence = 0;
            let command = self.receive().await?;
            match command.split_first() {
                Some((0x03, text)) => {
                    let text = String::from_utf8_lossy(text).into_owned();
                    asked.lock().unwrap().push(text.clone());
                    self.answer(&text).await?;
                }
                Some((0x16, _)) => self.refuse("Command not supported").await?,
                Some((0x0e, _)) => self.send(&OK).await?,
                _ => return Ok(()),
            }
        }
    }

    async fn answer(&mut self, text: &str) -> io::Result<()> {
        if text.contains("@@") {
            return self
                .refuse("ProxySQL Admin Error: near \",\": syntax error")
                .await;
        }
        let Some((_, columns, rows)) = ANSWERS.iter().find(|(statement, ..)| *statement == text)
        else {
            return self.refuse("ProxySQL Admin Error: no such table").await;
        };
        let count = u8::try_from(columns.len()).unwrap_or(u8::MAX);
        self.send(&[count]).await?;
        for column in *columns {
            let mut definition = vec![];
            for text in ["def", "", "", "", column, column] {
                put(&mut definition, text);
            }
            // Character set, length, the type of a text, flags, decimals.
            definition.extend([0x0c, 33, 0, 0, 1, 0, 0, 0xfd, 0, 0, 0, 0, 0]);
            self.send(&definition).await?;
        }
        self.send(&END).await?;
        for row in *rows {
            let mut values = vec![];
            for value in *row {
                match value {
                    None => values.push(0xfb),
                    Some(text) => put(&mut values, text),
                }
            }
            self.send(&values).await?;
        }
        self.send(&END).await
    }

    async fn refuse(&mut self, why: &str) -> io::Result<()> {
        let mut error = vec![0xff];
        error.extend(1045u16.to_le_bytes());
        error.extend(b"#28000");
        error.extend(why.as_bytes());
        self.send(&error).await
    }

    async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes();
        let mut packet = length[..3].to_vec();
        packet.push(self.sequence);
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(&packet).await
    }

    async fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).await?;
        self.sequence = head[3].wrapping_add(1);
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await?;
        Ok(payload)
    }
}

const OK: [u8; 7] = [0, 0, 0, 2, 0, 0, 0];
const END: [u8; 5] = [0xfe, 0, 0, 2, 0];

fn put(into: &mut Vec<u8>, text: &str) {
    into.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    into.extend(text.as_bytes());
}

/// Protocol 10, version 4.1 and later, `mysql_native_password`.
fn greeting() -> Vec<u8> {
    let mut greeting = vec![10];
    greeting.extend(b"8.0.11\0");
    greeting.extend(1u32.to_le_bytes());
    greeting.extend(b"saltsalt\0");
    let capabilities: u32 = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x8_0000;
    let [low, high] = [capabilities & 0xffff, capabilities >> 16];
    greeting.extend(&low.to_le_bytes()[..2]);
    greeting.extend([33, 2, 0]);
    greeting.extend(&high.to_le_bytes()[..2]);
    greeting.push(21);
    greeting.extend([0; 10]);
    greeting.extend(b"saltsaltsalt\0");
    greeting.extend(b"mysql_native_password\0");
    greeting
}

fn password() -> String {
    "admin-secret".to_owned()
}

#[tokio::test]
async fn a_running_proxysql_is_read_as_it_runs() {
    let (url, asked) = double().await;
    let tables = tables(&url, Some(password())).await.unwrap();
    let nodes = ["10.0.0.11:3306", "10.0.0.12:3306"].map(|node| node.parse().unwrap());
    let known = [("orders".parse().unwrap(), nodes.into())].into();
    let import = proxysql::import(&tables, &known).unwrap();
    let by_role = import
        .draft
        .hostgroups
        .iter()
        .filter(|one| one.cluster().is_some());
    assert_eq!(by_role.count(), 2);
    assert_eq!(import.draft.query_rules.len(), 1);
    let told: Vec<_> = import.notes.iter().map(ToString::to_string).collect();
    assert!(
        told.iter().any(|note| note.contains("scheduler (2 rows)")),
        "{told:#?}"
    );
    let asked = asked.lock().unwrap();
    let harmless = |text: &String| text.starts_with("SELECT ") && !text.contains("password");
    assert!(asked.iter().all(harmless), "{asked:#?}");
    assert_eq!(asked.len(), TAKEN.len() + NOTED.len());
}

#[tokio::test]
async fn a_refused_login_says_so_without_the_password() {
    let (url, _) = double().await;
    let error = format!("{:#}", tables(&url, None).await.unwrap_err());
    assert!(
        error.contains("cannot log in to ProxySQL at 127.0.0.1:"),
        "{error}"
    );
    assert!(error.contains("Access denied"), "{error}");
}

#[tokio::test]
async fn a_password_or_nonsense_in_the_url_is_refused() {
    for (url, told) in [
        ("mysql://admin:hunter2@127.0.0.1:1", "seen by everybody"),
        ("mysql://127.0.0.1:1", "mysql://USER@HOST:PORT"),
        ("http://admin@127.0.0.1:hunter2", "mysql://USER@HOST:PORT"),
    ] {
        let error = format!("{:#}", tables(url, Some(password())).await.unwrap_err());
        assert!(
            error.contains(told) && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn nobody_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = tables(&format!("mysql://admin@{address}"), Some(password())).await;
    let error = format!("{:#}", error.unwrap_err());
    assert!(
        error.contains(&format!("cannot log in to ProxySQL at {address}")),
        "{error}"
    );
}
