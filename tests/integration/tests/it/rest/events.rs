//! Server-sent events, as a browser reads them.

use super::*;
use anyhow::bail;
use lictor_lab::Server;
use reqwest::Response;

/// One who reads events, and what it has read.
struct Reader {
    response: Response,
    unread: Vec<u8>,
    read: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

impl Reader {
    /// Begins after the event of this id, or now; what it is greeted with.
    async fn start(scene: &Scene, rest: &Rest, last: Option<&str>) -> Result<(Self, Event)> {
        // A stream lasts: no deadline for the whole.
        let http = scene.http()?.build()?;
        let mut request = http.get(format!("{}/v1/events?cluster=orders", rest.root));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await?;
        let kind = response.headers()["content-type"].to_str()?;
        ensure!(kind == "text/event-stream", "{kind}");
        let mut reader = Self {
            response,
            unread: vec![],
            read: vec![],
        };
        let hello = reader.until(|_| true).await?;
        ensure!(hello.name == "hello", "{hello:?}");
        Ok((reader, hello))
    }

    /// Reads on until an event is what is looked for, unless one was already.
    async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Result<Event> {
        if let Some(found) = self.read.iter().find(|it| wanted(it)) {
            return Ok(found.clone());
        }
        let reading = async {
            loop {
                let event = self.next().await?;
                self.read.push(event.clone());
                if wanted(&event) {
                    return Ok(event);
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, reading).await;
        found.context("what is looked for is never told")?
    }

    async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|it| it == b"\n\n") {
                let frame: Vec<u8> = self.unread.drain(..end + 2).collect();
                if let Some(event) = Event::read(&String::from_utf8(frame)?)? {
                    return Ok(event);
                }
                continue;
            }
            match self.response.chunk().await? {
                Some(bytes) => self.unread.extend_from_slice(&bytes),
                None => bail!("the stream ended"),
            }
        }
    }

    /// What it heard of this kind, each by its own number.
    fn heard(&self, name: &str) -> Vec<Value> {
        let of_kind = self.read.iter().filter(|event| event.name == name);
        of_kind.map(|event| event.data["id"].clone()).collect()
    }
}

impl Event {
    /// A frame; none when it is a comment that keeps the connection alive.
    fn read(frame: &str) -> Result<Option<Self>> {
        let field = |name: &str| {
            let value = |line: &str| Some(line.strip_prefix(name)?.trim().to_owned());
            frame.lines().find_map(value)
        };
        let Some(data) = field("data:") else {
            return Ok(None);
        };
        Ok(Some(Self {
            id: field("id:").context("an event without id")?,
            name: field("event:").context("an event without name")?,
            data: serde_json::from_str(&data)?,
        }))
    }

    fn is_recovery(&self, state: &str) -> bool {
        self.name == "recovery" && self.data["state"] == state
    }

    fn is_happening(&self, kind: &str) -> bool {
        self.name == "happening" && self.data["kind"] == kind
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_breaks_off_comes_back_and_misses_nothing() {
    let scene = Scene::with_orders(2).await.unwrap();
    let rest = Rest::of(&scene).unwrap();
    let (mut witness, hello) = Reader::start(&scene, &rest, None).await.unwrap();
    assert_eq!(hello.data["leader"], true);
    assert_eq!(hello.data["resumed"], false);
    let (mut browser, _) = Reader::start(&scene, &rest, None).await.unwrap();

    let body = json!({ "to": "orders-2" });
    let said = rest.post("/v1/clusters/orders/switchover", body);
    let at = said.await.unwrap().header("location").to_owned();
    let begun = browser.until(|it| it.is_recovery("running")).await.unwrap();
    let last = begun.id;
    let before = browser.read;
    drop(browser.response);

    rest.finished(&at).await.unwrap();
    scene.lab.node("orders-3").unwrap().kill().unwrap();
    let opened = |it: &Event| it.is_happening("problem_opened") && it.data["node"] == "orders-3";
    witness.until(opened).await.unwrap();

    let (mut browser, hello) = Reader::start(&scene, &rest, Some(&last)).await.unwrap();
    assert_eq!(hello.data["resumed"], true, "{hello:?}");
    browser.until(opened).await.unwrap();
    let done = browser.until(|it| it.is_recovery("done")).await.unwrap();
    assert_eq!(done.data["id"], begun.data["id"]);
    assert_eq!(done.data["new_primary"], "orders-2");
    assert!(
        done.data["phases"].as_array().unwrap().len() > 3,
        "{done:?}"
    );
    let steps = witness.heard("recovery").len();
    assert!(steps > 3, "not step by step: {steps}");

    browser.read.splice(0..0, before);
    for reader in [&mut witness, &mut browser] {
        let changed = |it: &Event| it.is_happening("primary_changed");
        reader.until(changed).await.unwrap();
    }
    let (all, told) = (witness.heard("happening"), browser.heard("happening"));
    let both = all.len().min(told.len());
    assert_eq!(all[..both], told[..both], "something was missed");

    let (_, hello) = Reader::start(&scene, &rest, Some("not one")).await.unwrap();
    assert_eq!(hello.data["resumed"], false, "{hello:?}");
}
