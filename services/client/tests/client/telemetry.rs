//! What the library tells of itself, as a scrape would show it.

use lictor_client::domain::RouteState;
use lictor_client::{ClientConfig, Credentials, Lictor};
use lictor_lab::eventually;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::control_plane::{ControlPlane, PATIENCE, served_by, table};

/// The value of a series; none when it was never set.
fn value(metrics: &PrometheusHandle, series: &str) -> Option<String> {
    let text = metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.map(|value| value.trim().to_owned())
}

async fn becomes(metrics: &PrometheusHandle, series: &str, fits: impl Fn(&str) -> bool) {
    eventually(series, PATIENCE, || async {
        match value(metrics, series) {
            Some(value) if fits(&value) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_tables_revision_its_age_and_the_holds_are_told() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let plane = ControlPlane::start(vec![served_by(1, 1)]).await;
    let credentials = Credentials {
        user: "app".to_owned(),
        password: "secret".into(),
        database: None,
    };
    let config = ClientConfig::new("shop-1", vec![plane.url()], credentials);
    let _lictor = Lictor::connect(config).await.unwrap();
    becomes(&metrics, "lictor_client_table_revision_n ", |n| n == "1").await;
    becomes(&metrics, "lictor_client_table_age_seconds ", |age| {
        age == "0"
    })
    .await;
    let holds = "lictor_client_holds_total{subject=\"orders\"} ";
    assert_eq!(value(&metrics, holds), None);

    plane.publish(table(2, 1, RouteState::Held));
    becomes(&metrics, holds, |holds| holds == "1").await;
    becomes(&metrics, "lictor_client_table_revision_n ", |n| n == "2").await;
    becomes(&metrics, "lictor_client_table_revision_term ", |n| n == "1").await;
    plane.stop().await;
    becomes(&metrics, "lictor_client_table_age_seconds ", |age| {
        age != "0"
    })
    .await;
}
