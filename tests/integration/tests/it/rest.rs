//! REST on real servers: what is read, ordered, configured, repeated, told and
//! refused.

mod config;
mod events;
mod fuzzed;
mod once;
mod orders;
mod reads;
mod refused;
mod secrets;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Lictord, eventually};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// Longer than lictord takes for any answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// One who speaks REST with a lictord, under the laboratory's token or none.
pub(crate) struct Rest {
    pub(crate) http: Client,
    pub(crate) root: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Rest {
    /// Without a token.
    pub(crate) fn at(root: String) -> Result<Self> {
        let http = Client::builder().timeout(DEADLINE).build()?;
        Ok(Self { http, root })
    }

    /// With that one.
    pub(crate) fn with(scene: &Scene, lictord: &Lictord) -> Result<Self> {
        let http = scene.http()?.timeout(DEADLINE).build()?;
        let root = lictord.url();
        Ok(Self { http, root })
    }

    fn of(scene: &Scene) -> Result<Self> {
        Self::with(scene, scene.lab.lictord())
    }

    /// With the one that leads, once one does.
    pub(crate) async fn of_leader(scene: &Scene) -> Result<Self> {
        let http = scene.http()?.timeout(DEADLINE).build()?;
        let root = scene.server().await?;
        Ok(Self { http, root })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Said> {
        self.ask(Method::GET, path, &[], None).await
    }

    /// What is shown there, when it must be shown.
    pub(crate) async fn shown(&self, path: &str) -> Result<Value> {
        let said = self.get(path).await?;
        ensure!(said.status == StatusCode::OK, "{path}: {said:?}");
        said.json()
    }

    async fn post(&self, path: &str, body: Value) -> Result<Said> {
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Said> {
        let mut request = self.http.request(method, format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Said::of(request).await
    }

    /// Waits until an operation is over; it, as it is then.
    async fn finished(&self, at: &str) -> Result<Value> {
        eventually("the operation to end", PATIENCE, || async {
            let operation = self.shown(at).await?;
            ensure!(operation["state"] != "running", "{operation}");
            Ok(operation)
        })
        .await
    }

    /// Entries of the audit log with this action, the newest first.
    pub(crate) async fn audited(&self, action: &str) -> Result<Vec<Value>> {
        let page = self.shown(&format!("/v1/audit?action={action}")).await?;
        Ok(items(&page)?.clone())
    }
}

impl Said {
    async fn of(request: reqwest::RequestBuilder) -> Result<Self> {
        let response = request.send().await?;
        Ok(Self {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }

    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// The problem that a refusal is, with this number and this code.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Result<Value> {
        ensure!(self.status == status, "not {status}: {self:?}");
        let kind = self.header("content-type");
        ensure!(kind == "application/problem+json", "{self:?}");
        let problem = self.json()?;
        ensure!(problem["code"] == code, "not {code}: {problem}");
        ensure!(problem["status"] == status, "{problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        ensure!(!detail.is_empty(), "no sentence: {problem}");
        Ok(problem)
    }
}

fn items(page: &Value) -> Result<&Vec<Value>> {
    page["items"].as_array().context("no items")
}

/// The texts of this field of each.
fn texts(values: &[Value], field: &str) -> Vec<String> {
    let texts = values.iter().filter_map(|it| it[field].as_str());
    texts.map(ToOwned::to_owned).collect()
}

pub(crate) fn because() -> Value {
    json!({ "reason": "a test" })
}
