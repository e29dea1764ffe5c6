//! Links between hosts can be cut and healed, and nothing of a network stays.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use lictor_lab::{Lab, Server, eventually, networks_or_skip};

const SOON: Duration = Duration::from_secs(30);

async fn receiver(lab: &Lab) -> Result<String> {
    let status = "SELECT SERVICE_STATE FROM performance_schema.replication_connection_status";
    lab.node("orders-2")?.value(status).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_link_loses_packets_until_it_is_healed_and_others_do_not() {
    if !networks_or_skip().unwrap() {
        return;
    }
    let lab = Lab::builder().networked().cluster("orders", 1);
    let lab = lab.start().await.unwrap();
    let (primary, replica) = (lab.node("orders-1").unwrap(), lab.node("orders-2").unwrap());
    lab.cut(&[primary], &[replica]).unwrap();
    eventually("the replica to lose its source", SOON, || async {
        let state = receiver(&lab).await?;
        ensure!(state == "CONNECTING", "{state}");
        Ok(())
    })
    .await
    .unwrap();
    assert!(primary.is_writable().await.unwrap());
    lab.heal().unwrap();
    eventually("the replica to find its source", SOON, || async {
        let state = receiver(&lab).await?;
        ensure!(state == "ON", "{state}");
        Ok(())
    })
    .await
    .unwrap();

    lab.cut_from_outside(&[primary]).unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(1), primary.is_writable());
    assert!(asked.await.is_err(), "it answers over a cut link");
    assert!(!replica.is_writable().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_network_stays_when_its_laboratory_is_dropped() {
    if !networks_or_skip().unwrap() {
        return;
    }
    let lab = Lab::builder().networked().consul().start().await.unwrap();
    let [_, x, y, _] = lab.consul().address().ip().octets();
    let ours = format!("lictor-lab-{x}-{y}-");
    let hosts = || {
        let names = fs::read_dir("/run/netns").into_iter().flatten().flatten();
        names
            .filter(|name| name.file_name().to_string_lossy().starts_with(&ours))
            .count()
    };
    assert_ne!(hosts(), 0);
    drop(lab);
    assert_eq!(hosts(), 0);
    let interfaces = fs::read_dir("/sys/class/net").unwrap().flatten();
    let left = interfaces
        .filter(|name| {
            name.file_name()
                .to_string_lossy()
                .starts_with(&format!("lab{x}.{y}"))
        })
        .count();
    assert_eq!(left, 0);
}
