//! The demo's own account over the management API, as the dashboard uses it.

use anyhow::{Context, bail};
use reqwest::{Client, Method, RequestBuilder, header};
use serde_json::{Value, json};

use super::account::{EMAIL, PASSWORD};

/// Signed in as the demo's user.
pub(super) struct Api {
    client: Client,
    origin: String,
    cookie: String,
}

impl Api {
    /// Signs in.
    ///
    /// # Errors
    /// When nobody answers, or does not let us in.
    pub(super) async fn sign_in(client: Client, server: &str) -> anyhow::Result<Self> {
        let answer = client
            .post(format!("{server}/api/v1/login"))
            .header(header::ORIGIN, server)
            .json(&json!({"email": EMAIL, "password": PASSWORD}))
            .send()
            .await?
            .error_for_status()?;
        let cookie = answer.headers().get(header::SET_COOKIE);
        let cookie = cookie.and_then(|value| value.to_str().ok()?.split(';').next());
        let cookie = cookie.context("signing in gave no cookie")?.to_owned();
        Ok(Self {
            client,
            origin: server.to_owned(),
            cookie,
        })
    }

    /// What is answered to a request that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let request = self.request(method, path).json(body);
        answered(request, path).await
    }

    /// Fills a list with items, one a line.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) async fn fill(&self, list: &str, items: String) -> anyhow::Result<()> {
        let path = format!("lists/{list}/items");
        let request = self.request(Method::PUT, &path);
        let request = request.header(header::CONTENT_TYPE, "text/plain");
        answered(request.body(items), &path).await?;
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1/{path}", self.origin);
        self.client
            .request(method, url)
            .header(header::ORIGIN, &self.origin)
            .header(header::COOKIE, &self.cookie)
    }

    /// Makes a thing.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) async fn make(&self, what: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, what, body).await
    }

    /// Makes a thing; its id.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) async fn id_of(&self, what: &str, body: &Value) -> anyhow::Result<String> {
        text(&self.make(what, body).await?, "id")
    }
}

async fn answered(request: RequestBuilder, path: &str) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("the demo could not set up {path}: {status} {text}");
    }
    if text.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_str(&text)?)
}

/// A text of an answer.
///
/// # Errors
/// When it is not there.
pub(super) fn text(answer: &Value, name: &str) -> anyhow::Result<String> {
    let found = answer[name].as_str();
    Ok(found
        .with_context(|| format!("an answer without `{name}`"))?
        .to_owned())
}
