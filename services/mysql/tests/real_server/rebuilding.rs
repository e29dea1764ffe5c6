use lictor_domain::GtidSet;
use lictor_lab::{CONTROL, Server, State, eventually};
use lictor_mysql::{CloneState, Restart, Session};

use crate::{AMPLE, account, address, executed, lab, nodes, session, table};

#[tokio::test]
async fn an_errant_transaction_becomes_an_empty_one_of_the_primary() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    let errant: GtidSet = "00000000-0000-0000-0000-0000000000aa:3-5".parse().unwrap();
    let mut hand = session(primary).await;
    hand.commit_empty(&errant, AMPLE).await.unwrap();
    hand.commit_empty(&errant, AMPLE).await.unwrap();
    assert_eq!(executed(primary).await, errant);
    eventually("the replica to have them", AMPLE, || async {
        let held = executed(replica).await;
        if held == errant { Ok(()) } else { Err(held) }
    })
    .await
    .unwrap();
    table(primary).await;
    assert_eq!(executed(primary).await.count(), 4);
}

#[tokio::test]
async fn a_copy_replaces_everything_and_a_server_without_a_supervisor_stays_down() {
    let lab = lab(1).await;
    let [donor, node] = nodes(&lab);
    table(donor).await;
    let mut hand = session(node).await;
    let fitness = hand.clone_fitness(AMPLE).await.unwrap();
    assert!(fitness.plugin && fitness.privileges.contains("CLONE_ADMIN"));
    assert_eq!(
        hand.clone_status(AMPLE).await.unwrap().state,
        CloneState::None
    );
    node.sql("SET GLOBAL super_read_only = OFF").await.unwrap();
    node.sql("CREATE TABLE app.own (id INT PRIMARY KEY)")
        .await
        .unwrap();
    let restart = hand
        .clone_from(&address(donor), &account(CONTROL), AMPLE)
        .await
        .unwrap();
    assert_eq!(restart, Restart::ByHand);
    eventually("the server to shut down", AMPLE, || async {
        if node.state() == State::Running {
            if let Ok(mut session) = Session::open(&crate::target(node, 1), AMPLE).await
                && let Ok(status) = session.clone_status(AMPLE).await
            {
                assert_eq!(status.state, CloneState::InProgress);
            }
            return Err("it still runs");
        }
        Ok(())
    })
    .await
    .unwrap();
    node.start().await.unwrap();
    let mut hand = session(node).await;
    let status = hand.clone_status(AMPLE).await.unwrap();
    assert_eq!((status.state, status.error), (CloneState::Completed, None));
    assert!(hand.clone_progress(AMPLE).await.unwrap().copied > 0);
    assert_eq!(executed(node).await, executed(donor).await);
    node.sql("SELECT * FROM app.t").await.unwrap();
    node.sql("SELECT * FROM app.own").await.unwrap_err();
}

#[tokio::test]
async fn a_copy_that_cannot_be_had_says_why_and_shows_no_password() {
    let lab = lab(1).await;
    let [donor, node] = nodes(&lab);
    let donor_address = address(donor);
    donor.kill().unwrap();
    let mut hand = session(node).await;
    let error = hand
        .clone_from(&donor_address, &account(CONTROL), AMPLE)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("communication"), "{error}");
    assert!(!error.contains(CONTROL.password), "{error}");
}

#[tokio::test]
async fn an_earlier_copy_that_is_ending_is_waited_for() {
    let lab = lab(1).await;
    let [donor, node] = nodes(&lab);
    let (source, login) = (address(donor), account(CONTROL));
    let copy = async |mut hand: Session| hand.clone_from(&source, &login, AMPLE).await;
    node.sql("SET GLOBAL clone_max_data_bandwidth = 1")
        .await
        .unwrap();
    let (earlier, later) = (session(node).await, session(node).await);
    let id = earlier.id();
    let mut looking = session(node).await;
    let refused = "SELECT SUM(SUM_ERRORS) > 0 FROM performance_schema.\
        events_statements_summary_global_by_event_name WHERE EVENT_NAME LIKE '%clone%'";
    let end_the_earlier = async {
        eventually("the later to be refused once", AMPLE, || async {
            let refused = node.value(refused).await.unwrap();
            if refused == "1" { Ok(()) } else { Err(refused) }
        })
        .await
        .unwrap();
        node.sql("SET GLOBAL clone_max_data_bandwidth = 0")
            .await
            .unwrap();
        looking.end_session(id, AMPLE).await.unwrap();
    };
    let begin_the_later = async {
        eventually("the earlier to copy", AMPLE, || async {
            let mut hand = session(node).await;
            let copied = hand.clone_progress(AMPLE).await.unwrap().copied;
            if copied > 0 { Ok(()) } else { Err(copied) }
        })
        .await
        .unwrap();
        copy(later).await
    };
    let (first, second, ()) = tokio::join!(copy(earlier), begin_the_later, end_the_earlier);
    first.unwrap_err();
    assert_eq!(second.unwrap(), Restart::ByHand);
}
