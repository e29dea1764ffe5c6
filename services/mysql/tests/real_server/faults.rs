use std::time::{Duration, Instant};

use lictor_domain::report::Knock;
use lictor_domain::{NodeAddress, ProbeOutcome, Term};
use lictor_lab::{CONTROL, Server, eventually};
use lictor_mysql::{MysqlError, Session, Target, Tripwire, knock};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::{AMPLE, account, address, lab, nodes, session, target};

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_hung_server_times_out_and_its_port_is_silent() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let mut session = session(node).await;
    assert_eq!(knock(&address(node), AMPLE).await, Knock::Greeted);

    node.freeze().unwrap();
    let timed_out = session.probe(SHORT).await.unwrap_err();
    assert!(
        matches!(timed_out, MysqlError::TimedOut { .. }),
        "{timed_out:?}"
    );
    assert_eq!(ProbeOutcome::from(timed_out), ProbeOutcome::TimedOut);
    assert!(!session.is_usable());
    assert!(matches!(
        session.probe(SHORT).await,
        Err(MysqlError::Broken { .. })
    ));
    let no_login = Session::open(&target(node, 1), SHORT).await.unwrap_err();
    assert!(
        matches!(no_login, MysqlError::TimedOut { .. }),
        "{no_login:?}"
    );
    assert_eq!(knock(&address(node), SHORT).await, Knock::Silent);

    node.thaw().unwrap();
    assert_eq!(knock(&address(node), AMPLE).await, Knock::Greeted);
}

#[tokio::test]
async fn a_killed_server_breaks_the_tripwire_and_refuses_a_knock() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let mut session = session(node).await;
    let tripwire = Tripwire::set(&target(node, 1), AMPLE).await.unwrap();
    let broken = tokio::spawn(async move { (tripwire.broken().await, Instant::now()) });
    let killed = Instant::now();
    node.kill().unwrap();
    let (how, noticed) = tokio::time::timeout(AMPLE, broken).await.unwrap().unwrap();
    eprintln!("kill to broken tripwire: {:?} ({how})", noticed - killed);

    node.gone(AMPLE).await.unwrap();
    assert_eq!(knock(&address(node), AMPLE).await, Knock::Refused);
    let lost = session.probe(AMPLE).await.unwrap_err();
    assert!(matches!(lost, MysqlError::Broken { .. }), "{lost:?}");
    assert!(!session.is_usable());
    let refused = Session::open(&target(node, 1), AMPLE).await.unwrap_err();
    assert_eq!(refused, MysqlError::Refused);
}

#[tokio::test]
async fn a_tripwire_holds_while_the_server_lives_and_its_session_ends_when_dropped() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let sleeping =
        "SELECT COUNT(*) FROM performance_schema.processlist WHERE INFO LIKE 'DO SLEEP%'";
    let tripwire = Tripwire::set(&target(node, 1), AMPLE).await.unwrap();
    let standing = tokio::spawn(tripwire.broken());
    let sessions = |wanted: &'static str| async move {
        let what = format!("{wanted} tripwires on the server");
        eventually(&what, AMPLE, || async {
            let found = node.value(sleeping).await.unwrap();
            if found == wanted { Ok(()) } else { Err(found) }
        })
        .await
        .unwrap();
    };
    sessions("1").await;
    assert!(!standing.is_finished());
    standing.abort();
    sessions("0").await;
}

#[tokio::test]
async fn an_orderly_shutdown_breaks_the_tripwire() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let tripwire = Tripwire::set(&target(node, 1), AMPLE).await.unwrap();
    let broken = tokio::spawn(tripwire.broken());
    node.terminate().unwrap();
    tokio::time::timeout(AMPLE, broken).await.unwrap().unwrap();
}

async fn open_stranger(words: &'static [u8]) -> MysqlError {
    let target = Target {
        address: stranger(words).await,
        account: account(CONTROL),
        term: Term(1),
    };
    Session::open(&target, SHORT).await.unwrap_err()
}

/// A listener that says `words` to everyone and keeps the connection.
async fn stranger(words: &'static [u8]) -> NodeAddress {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut callers = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(words).await.unwrap();
            callers.push(stream);
        }
    });
    NodeAddress::new("127.0.0.1", port).unwrap()
}

#[tokio::test]
async fn what_is_no_mysql_is_not_taken_for_one() {
    for words in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x05\0\0\x07\x0a9.7\0",
        b"\x01\0\0\0\x09",
    ] {
        let error = open_stranger(words).await;
        assert!(
            matches!(error, MysqlError::NotMysql { .. }),
            "{words:?}: {error:?}"
        );
    }
    for cut_short in [&b"\x05\0\0\0\x0a9.7\0"[..], b"\0\0\0\0"] {
        let error = open_stranger(cut_short).await;
        assert!(
            matches!(error, MysqlError::Broken { .. }),
            "{cut_short:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_stranger_that_says_nothing_times_out() {
    let error = open_stranger(b"").await;
    assert!(matches!(error, MysqlError::TimedOut { .. }), "{error:?}");
}
