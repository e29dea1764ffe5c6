//! A restart while the control plane is away: the last good table is in a file.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lictor_client::domain::Revision;
use lictor_client::{ClientError, Routes, SubscribeConfig, TableSource};
use lictor_lab::eventually;
use tempfile::TempDir;

use crate::control_plane::{ControlPlane, Heard, PATIENCE, revision, served_by, subscriber};

fn caching(url: String, file: &Path) -> SubscribeConfig {
    SubscribeConfig {
        cache_file: Some(file.to_owned()),
        ..subscriber(vec![url])
    }
}

/// What a process would begin with that finds this file and no control plane.
async fn held_by(file: &Path) -> Option<Revision> {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let copy = file.with_extension("copy");
    std::fs::copy(file, &copy).ok()?;
    let routes = Routes::subscribe(caching(away, &copy), PATIENCE)
        .await
        .ok()?;
    Some(routes.table().revision)
}

/// A process that held revision 3 ended, and so did the control plane.
struct After {
    _folder: TempDir,
    file: PathBuf,
    plane: std::net::SocketAddr,
}

impl After {
    async fn revision_3() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("routes");
        let plane = ControlPlane::start(vec![served_by(2, 2)]).await;
        let address = plane.address;
        let routes = Routes::subscribe(caching(plane.url(), &file), PATIENCE)
            .await
            .unwrap();
        plane.publish(served_by(3, 3));
        eventually("the file to hold revision 3", PATIENCE, || async {
            match held_by(&file).await {
                Some(held) if held == revision(3) => Ok(()),
                held => Err(format!("it holds {held:?}")),
            }
        })
        .await
        .unwrap();
        drop(routes);
        plane.stop().await;
        Self {
            _folder: folder,
            file,
            plane: address,
        }
    }

    fn config(&self) -> SubscribeConfig {
        caching(format!("http://{}", self.plane), &self.file)
    }
}

#[tokio::test]
async fn the_last_good_table_outlives_the_process_and_says_where_it_is_from() {
    let after = After::revision_3().await;
    let routes = Routes::subscribe(after.config(), PATIENCE).await.unwrap();
    assert_eq!(*routes.table(), served_by(3, 3));
    let TableSource::CacheFile { reason, .. } = routes.source() else {
        panic!("{:?}", routes.source());
    };
    assert!(reason.contains("refused"), "{reason}");

    let mut plane =
        ControlPlane::start_at(after.plane, vec![served_by(3, 3), served_by(4, 4)]).await;
    let hello = plane.hears_hello().await;
    assert_eq!(hello.last_revision.map(Revision::from), Some(revision(3)));
    assert_eq!(plane.hears().await, Heard::Ack(revision(4)));
    assert_eq!(*routes.table(), served_by(4, 4));
    assert_eq!(routes.source(), TableSource::ControlPlane);

    plane.stop().await;
    let source = || async {
        match routes.source() {
            TableSource::LastGood { .. } => Ok(()),
            other => Err(format!("{other:?}")),
        }
    };
    eventually("the loss to be noticed", PATIENCE, source)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_ignored() {
    let after = After::revision_3().await;
    let mut bytes = std::fs::read(&after.file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&after.file, bytes).unwrap();
    let error = Routes::subscribe(after.config(), Duration::from_millis(200))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::NoTable { .. }), "{error}");

    let mut plane = ControlPlane::start_at(after.plane, vec![served_by(4, 4)]).await;
    let routes = Routes::subscribe(after.config(), PATIENCE).await.unwrap();
    assert_eq!(plane.hears_hello().await.last_revision, None);
    assert_eq!(*routes.table(), served_by(4, 4));
}
