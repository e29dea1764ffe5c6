//! The subscription against a control plane that speaks the real protocol.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use lictor_client::domain::{Revision, RouteState};
use lictor_client::{ClientError, Routes, TableSource, TokenSource};
use lictor_wire::v1;
use lictor_wire::v1::subscribe_response::Message as Update;
use tokio::time::timeout;

use crate::control_plane::{
    ControlPlane, Heard, PATIENCE, delta, orders, revision, served_by, snapshot, subscriber,
};

async fn subscribe(plane: &ControlPlane) -> Routes {
    let config = subscriber(vec![plane.url()]);
    Routes::subscribe(config, PATIENCE).await.unwrap()
}

async fn reaches(routes: &Routes, wanted: Revision) {
    let mut changes = routes.changes();
    let reached = changes.wait_for(|held| *held == Some(wanted));
    timeout(PATIENCE, reached).await.unwrap().unwrap();
}

/// Subscribes to a plane at revision 1.1 and hears the hello and the ack.
async fn subscribed() -> (ControlPlane, Routes) {
    let mut plane = ControlPlane::start(vec![served_by(1, 1)]).await;
    let routes = subscribe(&plane).await;
    plane.hears_hello().await;
    assert_eq!(plane.hears().await, Heard::Ack(revision(1)));
    (plane, routes)
}

#[tokio::test]
async fn a_subscriber_says_who_it_is_and_acknowledges_the_snapshot() {
    let mut plane = ControlPlane::start(vec![served_by(1, 1)]).await;
    let routes = subscribe(&plane).await;
    assert_eq!(*routes.table(), served_by(1, 1));
    assert_eq!(routes.trouble(), None);

    let hello = plane.hears_hello().await;
    assert_eq!(hello.id, "shop-1");
    assert_eq!(hello.kind(), v1::SubscriberKind::Client);
    assert!(hello.version.starts_with("lictor-client/"), "{hello:?}");
    assert_eq!(hello.last_revision, None);
    assert_eq!(plane.hears().await, Heard::Ack(revision(1)));
}

#[tokio::test]
async fn each_change_is_taken_and_acknowledged_in_order() {
    let (mut plane, routes) = subscribed().await;
    for n in 2..6 {
        plane.publish(served_by(n, u32::try_from(n).unwrap()));
        assert_eq!(plane.hears().await, Heard::Ack(revision(n)));
    }
    assert_eq!(*routes.table(), served_by(5, 5));
}

#[tokio::test]
async fn the_last_good_table_stays_while_the_control_plane_is_away() {
    let (plane, routes) = subscribed().await;
    let mut changes = routes.changes();
    plane.stop().await;
    // The subscriber notices by itself; nothing else tells.
    timeout(PATIENCE, async {
        while routes.trouble().is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(*routes.table(), served_by(1, 1));
    assert!(!changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), Some(revision(1)));
}

#[tokio::test]
async fn a_subscriber_that_comes_back_gives_its_revision_and_gets_what_it_missed() {
    let (plane, routes) = subscribed().await;
    let address = plane.address;
    plane.stop().await;

    let history = vec![served_by(1, 1), served_by(2, 2), served_by(3, 3)];
    let mut plane = ControlPlane::start_at(address, history).await;
    let hello = plane.hears_hello().await;
    assert_eq!(hello.last_revision.map(Revision::from), Some(revision(1)));
    assert_eq!(plane.hears().await, Heard::Ack(revision(3)));
    assert_eq!(*routes.table(), served_by(3, 3));
    assert_eq!(routes.trouble(), None);
}

#[tokio::test]
async fn the_next_endpoint_is_tried_when_the_first_is_away() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let plane = ControlPlane::start(vec![served_by(1, 1)]).await;
    let config = subscriber(vec![away, plane.url()]);
    let routes = Routes::subscribe(config, PATIENCE).await.unwrap();
    assert_eq!(*routes.table(), served_by(1, 1));
}

#[tokio::test]
async fn an_update_that_cannot_be_read_is_refused_with_the_field_at_fault() {
    let (mut plane, routes) = subscribed().await;
    let mut unreadable = v1::RoutingTable::from(served_by(2, 2));
    unreadable.clusters[0].epoch = None;
    plane.send_raw(Update::Snapshot(unreadable));

    let Heard::Nack(refused, reason) = plane.hears().await else {
        panic!("not refused");
    };
    assert_eq!(refused, revision(2));
    assert!(
        reason.contains("`clusters[0].epoch` is missing"),
        "{reason}"
    );
    assert_eq!(*routes.table(), served_by(1, 1));
}

#[tokio::test]
async fn an_older_revision_and_an_older_epoch_are_refused() {
    let mut plane = ControlPlane::start(vec![served_by(5, 1)]).await;
    let routes = subscribe(&plane).await;
    plane.hears_hello().await;
    plane.hears().await;

    plane.send_raw(snapshot(served_by(4, 2)));
    let Heard::Nack(_, reason) = plane.hears().await else {
        panic!("not refused");
    };
    assert!(
        reason.contains("revision 1.4 does not rise above 1.5"),
        "{reason}"
    );
    assert_eq!(*routes.table(), served_by(5, 1));

    let mut older_epoch = served_by(6, 2);
    older_epoch.clusters.get_mut(&orders()).unwrap().epoch.n = 3;
    plane.publish(older_epoch);
    let Heard::Nack(_, reason) = plane.hears().await else {
        panic!("not refused");
    };
    assert!(reason.contains("back from epoch 1.5 to 1.3"), "{reason}");
    assert_eq!(*routes.table(), served_by(5, 1));
}

#[tokio::test]
async fn after_a_refusal_the_next_snapshot_is_taken() {
    let (mut plane, routes) = subscribed().await;
    // A delta on top of a revision that was never sent.
    plane.send_raw(delta(served_by(7, 1).diff(&served_by(8, 2))));
    let Heard::Nack(refused, reason) = plane.hears().await else {
        panic!("not refused");
    };
    assert_eq!(refused, revision(8));
    assert!(reason.contains("starts at revision 1.7"), "{reason}");

    plane.publish(served_by(9, 3));
    assert_eq!(plane.hears().await, Heard::Ack(revision(9)));
    reaches(&routes, revision(9)).await;
    assert_eq!(*routes.table(), served_by(9, 3));
}

#[tokio::test]
async fn a_token_that_is_refused_is_the_reason_and_one_in_its_place_is_shown() {
    let [old, new] = ["lictor_0a_feed", "lictor_0b_beef"];
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    fs::write(&file, old).unwrap();
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let plane = ControlPlane::start_for(Some(old), anywhere, vec![served_by(1, 1)]).await;
    let mut config = subscriber(vec![plane.url()]);
    config.token = Some(TokenSource::File(file.clone()));
    let routes = Routes::subscribe(config, PATIENCE).await.unwrap();

    let address = plane.address;
    plane.stop().await;
    let _plane = ControlPlane::start_for(Some(new), address, vec![served_by(2, 2)]).await;
    let told = timeout(PATIENCE, async {
        loop {
            let source = routes.source();
            if let TableSource::LastGood { reason, .. } = source
                && reason.contains("nobody has this token")
            {
                return reason;
            }
            tokio::task::yield_now().await;
        }
    });
    let told = told.await.unwrap();
    assert!(!told.contains("feed"), "{told}");
    assert_eq!(*routes.table(), served_by(1, 1));

    fs::write(&file, new).unwrap();
    reaches(&routes, revision(2)).await;
}

#[tokio::test]
async fn a_token_that_cannot_be_read_is_the_reason() {
    let plane = ControlPlane::start(vec![served_by(1, 1)]).await;
    let mut config = subscriber(vec![plane.url()]);
    config.token = Some(TokenSource::File("/absent/token".into()));
    let within = Duration::from_millis(200);
    let error = Routes::subscribe(config, within).await.unwrap_err();
    let ClientError::NoTable { reason, .. } = &error else {
        panic!("{error}");
    };
    assert!(reason.contains("/absent/token cannot be read"), "{reason}");
}

#[tokio::test]
async fn without_any_control_plane_the_reason_is_told() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let config = subscriber(vec![away]);
    let error = Routes::subscribe(config, Duration::from_millis(200))
        .await
        .unwrap_err();
    let ClientError::NoTable { reason, .. } = &error else {
        panic!("{error}");
    };
    assert!(reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn a_configuration_that_makes_no_sense_is_refused_at_once() {
    let mut nameless = subscriber(vec!["http://127.0.0.1:7400".to_owned()]);
    nameless.id = " ".to_owned();
    for (config, why) in [
        (nameless, "the id is empty"),
        (subscriber(vec![]), "there is no endpoint"),
        (subscriber(vec!["127.0.0.1:7400".to_owned()]), "not a URL"),
        (subscriber(vec!["ftp://a:1".to_owned()]), "not a URL"),
    ] {
        let error = Routes::subscribe(config, PATIENCE).await.unwrap_err();
        assert!(matches!(error, ClientError::InvalidConfig(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn a_route_is_found_by_name_and_an_unknown_one_is_named() {
    let (_plane, routes) = subscribed().await;
    let route = routes.route("orders").unwrap();
    assert!(matches!(route.state, RouteState::Serving { .. }));
    for unknown in ["users", "no label"] {
        let error = routes.route(unknown).unwrap_err();
        assert!(error.to_string().contains(unknown), "{error}");
    }
}
